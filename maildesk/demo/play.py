"""The whole demo: set the stage, play the day, leave the page, and say where to look."""

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from maildesk.demo import folder as place
from maildesk.demo.cast import DESK, PLAYERS, WITHOUT_MAILBOX, ZONE
from maildesk.demo.chronicle import Chronicle, Passage
from maildesk.demo.event_words import telling
from maildesk.demo.mailboxes import HOST
from maildesk.demo.narrator import Narrator
from maildesk.demo.page import page
from maildesk.demo.scenes import SCENES
from maildesk.demo.stage import Stage, StageError, set_stage
from maildesk.store.verify import verify


@dataclass(frozen=True, slots=True)
class Play:
    """What is asked of the demo. `folder` is left behind; `keeps_running`: until Ctrl-C."""

    folder: Path
    keeps_running: bool = False


async def perform(play: Play, narrator: Narrator) -> None:
    """Play the day.

    Raises ForeignFolderError and `store.LockHeld` before anything is touched, StageError where the play cannot go on.
    """
    place.prepare(play.folder)
    narrator.opening(
        "A day at the complaints desk of a council, played by the real daemon between two small mail servers on this "
        "machine. > is a mail to the desk, = what the desk did and why, < a letter of the desk, . what the case's "
        "history got from it."
    )
    today = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date()
    async with set_stage(play.folder, today) as stage:
        passages = await _play(stage, narrator)
        faults = await verify()
        if faults:
            raise StageError(f"the history of the day is not whole: {faults[0].case}: {faults[0].what}")
        (play.folder / "index.html").write_text(page(passages, stage.day), encoding="utf-8")
        narrator.closing(_where_to_look(play.folder, passages))
        if play.keeps_running:
            stage.clock.push_to(datetime.now(UTC))
            narrator.closing(_client_settings(stage))
            await stage.world.stopping.wait()


async def _play(stage: Stage, narrator: Narrator) -> list[Passage]:
    chronicle = Chronicle(telling({person.key: person.name for person in stage.settings.staff}))
    passages = []
    for number, scene in enumerate(SCENES, 1):
        narrator.scene(scene, number, len(SCENES))
        await stage.go_on_to(scene.clock, scene.days)
        await scene.act(stage)
        await stage.settled()
        passages.append(await chronicle.passage(scene, stage.post.carried))
        narrator.tell(passages[-1])
    return passages


def _where_to_look(folder: Path, passages: list[Passage]) -> tuple[tuple[str, str], ...]:
    mails = sum(len(passage.sheets) for passage in passages)
    config = f"{_program()} --config {folder / 'maildesk.toml'}"
    return (
        ("Read the day", f"{folder / 'index.html'} ({mails} mails, in a browser)"),
        ("The cases", f"{config} cases"),
        ("The proof", f"{config} history verify"),
        ("", "(checked just now: the history is whole)"),
    )


def _program() -> str:
    """How this very program is called from here: by its name where the PATH leads to it, else by its path."""
    beside = Path(sys.executable).parent / "maildesk"
    found = shutil.which("maildesk")
    if not beside.exists() or (found and Path(found).samefile(beside)):
        return "maildesk"
    return min(str(beside), os.path.relpath(beside), key=len)


def _client_settings(stage: Stage) -> tuple[tuple[str, str], ...]:
    desk = stage.settings.desks[0]
    return (
        ("Still running", "until Ctrl-C, by today's clock. Work as any of these people with a mail program:"),
        ("IMAP", f"{HOST} port {desk.mailbox.port}, no encryption"),
        ("SMTP", f"{HOST} port {desk.submission.port}, no encryption, with login"),
        ("Password", desk.mailbox.password),
        *(("User", player.address) for player in PLAYERS if player.address not in WITHOUT_MAILBOX),
        ("Try", f"write a complaint to {DESK.address}, then answer the notice in the handler's mailbox with #take"),
        ("", "and #reply now, with some words below it. #help lists all commands."),
    )
