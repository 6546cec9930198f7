"""The wheel carries the templates and renders from them, without the source beside it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from maildesk.letters.folders import template_dir

ROOT = Path(__file__).parents[2]
RENDER_ALL = """
import maildesk, sys
from maildesk.letters.render import Templates, template_dir
assert str(template_dir()).startswith(sys.argv[1]), template_dir()
found = Templates().check()
print(len(list(template_dir().rglob("*.j2"))), [str(problem) for problem in found])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=50)
    [built] = place.glob("*.whl")
    return built


def test_every_letter_can_be_rendered_from_the_wheel_alone(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", RENDER_ALL, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == f"{len(list(template_dir().rglob('*.j2')))} []"
