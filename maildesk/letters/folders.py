"""Where templates stand: ours in the installed package or beside the source, the user's in front of them."""

from importlib.resources import files
from pathlib import Path

PHRASES_FILE = "phrases.toml"
TEXT_SUFFIX = ".txt.j2"
HTML_SUFFIX = ".html.j2"


def template_dir() -> Path:
    """Our own templates: package data in a wheel, the folder `templates` beside `maildesk` in an editable install."""
    package = Path(str(files("maildesk")))
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


def languages(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """The languages for which any of the folders holds a subfolder, in alphabetical order."""
    found = {entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir() if entry.is_dir()}
    return tuple(sorted(found))
