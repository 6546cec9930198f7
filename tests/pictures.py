"""`make pictures`: the sample letters as a person sees them, photographed with Chromium into docs/pictures/.

    python tests/pictures.py [--into FOLDER] [--all]

Each picture is one letter in one language, width and light. `--all` takes every sample in every language, on a phone
and on a desk, by day and by night: for looking at after a change of the templates.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maildesk.letters.render import Templates
from maildesk.letters.samples import samples

ROOT = Path(__file__).parent.parent
PHONE, DESK = 360, 700
MARGIN = 24  # pixels around a phone
NARROWEST_WINDOW = 500  # Chromium's own; a phone's page stands in a frame of its width
SECONDS = 60
MEASURE = "<script>document.title = document.body.firstElementChild.scrollHeight</script>"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """One letter as one reader sees it."""

    name: str
    language: str
    sample: str
    width: int = DESK
    is_dark: bool = False


IN_DOCS = (
    Picture("acknowledgement", "en", "acknowledgement"),
    Picture("decision", "de", "decision"),
    Picture("digest", "en", "digest", PHONE),
    Picture("transcript", "en", "transcript", PHONE, is_dark=True),
)


def every() -> Iterator[Picture]:
    """Every sample in every language, width and light."""
    for language in Templates().languages:
        for sample in samples(language):
            for width in (PHONE, DESK):
                for is_dark in (False, True):
                    light = "dark" if is_dark else "light"
                    name = f"{language}-{sample.name.replace(' ', '-')}-{width}-{light}"
                    yield Picture(name, language, sample.name, width, is_dark)


def take(picture: Picture, chromium: str, place: Path, into: Path) -> Path:
    """Renders the letter, measures it in a window of its width and photographs all of it."""
    sample = next(each for each in samples(picture.language) if each.name == picture.sample)
    html = Templates().render(sample.letter, sample.desk, sample.case, sample.reply_address).html
    if picture.is_dark:
        html = html.replace("(prefers-color-scheme: dark)", "all")
    page = place / "letter.html"
    page.write_text(html.replace("</body>", f"{MEASURE}</body>"))
    window = max(picture.width, NARROWEST_WINDOW)
    height = measure(chromium, page, picture.width)
    if picture.width < NARROWEST_WINDOW:
        page = place / "phone.html"
        size = f"width:{picture.width}px;height:{height}px"
        frame = f'<iframe src="letter.html" style="border:0;border-radius:14px;{size}"></iframe>'
        page.write_text(f'<body style="margin:{MARGIN}px;background:#b9c2cc;text-align:center">{frame}</body>')
        height += 2 * MARGIN
    target = into / f"{picture.name}.png"
    photograph = [chromium, *FLAGS, f"--window-size={window},{height}", f"--screenshot={target}", page.as_uri()]
    subprocess.run(photograph, check=True, capture_output=True, timeout=SECONDS)
    return target


def measure(chromium: str, page: Path, width: int) -> int:
    """The letter's height in pixels at this width, with a phone's rules where the window cannot be so small."""
    if width < NARROWEST_WINDOW:
        style = f"<style>html {{ width: {width}px; }} @media all {{ {phone_rules(page)} }}</style>"
        page = page.with_name("measured.html")
        page.write_text(page.with_name("letter.html").read_text().replace("</head>", f"{style}</head>"))
    dump = [chromium, *FLAGS, f"--window-size={max(width, NARROWEST_WINDOW)},800", "--dump-dom", page.as_uri()]
    shown = subprocess.run(dump, check=True, capture_output=True, text=True, timeout=SECONDS).stdout
    found = re.search(r"<title>(\d+)</title>", shown)
    if found is None:
        raise SystemExit(f"Chromium did not measure {page}")
    return int(found[1])


def phone_rules(page: Path) -> str:
    """The rules of the layout that hold on a narrow screen."""
    found = re.search(r"@media \(max-width: 480px\) \{(.*?)\n\}", page.read_text(), re.DOTALL)
    return found[1] if found else ""


def main() -> None:
    """Takes the pictures; exit 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium found. On Debian: apt-get install chromium")
    arguments.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for picture in every() if arguments.all else IN_DOCS:
            target = take(picture, chromium, Path(place), arguments.into.resolve())
            sys.stdout.write(f"{target.name} {target.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
