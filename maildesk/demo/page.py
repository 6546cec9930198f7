"""The page that the demo leaves: every mail of the day in order, and the cases' history beside it, in one file.

Nothing is fetched, and nothing needs the script: it only unfolds the mail that a link leads to.
"""

from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from html import escape
from importlib.resources import files

from maildesk.demo.cast import ORGANISATION
from maildesk.demo.chronicle import CaseFile, Line, Passage, Sheet
from maildesk.demo.page_mail import mail_card
from maildesk.visible import visible

_SCRIPT = """
function unfold() {
  var found = document.getElementById(location.hash.slice(1));
  if (found && found.tagName === "DETAILS") { found.open = true; found.scrollIntoView(); }
}
addEventListener("hashchange", unfold);
unfold();
"""
_INTRODUCTION = (
    "Three people complain by email. One handler works their cases with nothing but her mail program, and her manager "
    "gets one mail in the morning. Between them stands maildesk: this page shows every mail of the day as it looks in "
    "a mail client, in order, and beside it what the history of each case says. All of it really happened a moment "
    "ago, on this machine, between the daemon and two small mail servers; only the clock was pushed."
)


def page(passages: Sequence[Passage], day: date) -> str:
    """The whole page, as one file of HTML."""
    style = files("maildesk.demo").joinpath("page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(_SCRIPT.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>A day at a complaints desk</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#day">Go to the first mail</a>\n{_heading(passages, day)}<div class="frame">\n'
        f'{_contents(passages)}<main id="day">\n{"".join(_scene(n, p) for n, p in enumerate(passages, 1))}</main>\n'
        f"</div>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _heading(passages: Sequence[Passage], day: date) -> str:
    mails = sum(len(passage.sheets) for passage in passages)
    return (
        f'<header>\n<p class="over">{ORGANISATION} · {day:%A}, {day.day} {day:%B %Y} · {mails} mails</p>\n'
        f"<h1>A day at a complaints desk</h1>\n<p>{_INTRODUCTION}</p>\n</header>\n"
    )


def _contents(passages: Sequence[Passage]) -> str:
    rows = "".join(_entry(number, passage) for number, passage in enumerate(passages, 1))
    return f'<nav aria-label="The day"><h2>The day</h2><ol>{rows}</ol></nav>\n'


def _entry(number: int, passage: Passage) -> str:
    mails = "".join(
        f'<li><a href="#mail-{sheet.number}">{_line(_direction(sheet))}</a></li>' for sheet in passage.sheets
    )
    scene = passage.scene
    link = f'<a href="#scene-{number}"><time>{scene.clock}</time>{escape(scene.title)}</a>'
    return f"<li>{link}<ul>{mails}</ul></li>"


def _direction(sheet: Sheet) -> str:
    return f"to {sheet.recipient}" if sheet.is_from_desk else f"from {sheet.sender}"


def _scene(number: int, passage: Passage) -> str:
    scene = passage.scene
    when = f"{scene.clock} the next morning" if scene.days else scene.clock
    mails = "".join(
        mail_card(sheet, is_open=sheet is passage.key or not sheet.is_from_desk) for sheet in passage.sheets
    )
    waiting = "".join(f'<p class="held">{_line(words)}</p>' for words in passage.held)
    files_beside = "".join(_case(file) for file in passage.files)
    aside = f'<aside aria-label="The history of the case">{files_beside}</aside>' if files_beside else ""
    return (
        f'<section class="scene" id="scene-{number}" aria-labelledby="title-{number}">\n'
        f'<h2 id="title-{number}"><time>{when}</time>{escape(scene.title)}</h2>\n'
        f'<p class="shows">{escape(scene.shows)}</p>\n'
        f'<div class="beside{" has-case" if aside else ""}"><div>{mails}{waiting}</div>{aside}</div>\n</section>\n'
    )


def _case(file: CaseFile) -> str:
    earlier = "".join(_event(line) for line in file.lines if not line.is_new)
    number = sum(1 for line in file.lines if not line.is_new)
    fold = f"<details><summary>What happened before ({number})</summary><ol>{earlier}</ol></details>"
    before = fold if number else ""
    new = "".join(_event(line) for line in file.lines if line.is_new)
    return (
        f'<section class="case"><h3>{_line(file.case.reference)}</h3>'
        f'<p class="state">{_line(file.status)} · owner: {_line(file.owner)}</p>{before}<ol>{new}</ol></section>'
    )


def _event(line: Line) -> str:
    new = ' class="new"' if line.is_new else ""
    return f"<li{new}><small>{line.at:%H:%M} · {_line(line.by)}</small>{_line(line.said)}</li>"


def _line(text: str) -> str:
    return escape(visible(" ".join(text.split())))
