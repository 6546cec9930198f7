"""The folder that the demo leaves behind: made anew each time, and never over files that are not its own."""

from pathlib import Path

from maildesk import store

MARKER = ".maildesk-demo"
DATABASE = "maildesk.db"
_OURS = ("index.html", "maildesk.toml", "maildesk.keys", "journal.log", DATABASE)
_COMPANIONS = ("-wal", "-shm", "-journal")
_MARK = "Made by `maildesk demo`, which replaces its own files here the next time.\n"


class ForeignFolderError(Exception):
    """There are files in the folder that the demo did not make."""


def prepare(folder: Path) -> None:
    """Make the folder, or clear an earlier demo's files out of it.

    Raises ForeignFolderError where it holds anything else and no mark of ours, or is no folder; `store.LockHeld` where
    another demo still runs there.
    """
    if folder.exists() and not folder.is_dir():
        raise ForeignFolderError(f"{folder} is no folder. Name another one with --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    is_ours = (folder / MARKER).is_file()
    if not is_ours and any(folder.iterdir()):
        raise ForeignFolderError(
            f"{folder} holds files that the demo did not make, and it replaces nobody else's. "
            "Name an empty folder with --folder."
        )
    with store.lock(folder / DATABASE):
        for name in _OURS:
            for companion in ("", *_COMPANIONS):
                (folder / f"{name}{companion}").unlink(missing_ok=True)
    (folder / MARKER).write_text(_MARK, encoding="ascii")
