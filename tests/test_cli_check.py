"""`maildesk check` beside a daemon that runs: it says what the daemon is troubled by, and since when."""

import json
import subprocess
import sys

from running import running_desk
from servers.places import free_ports

SECONDS = 40.0


def check(folder) -> tuple[int, list[dict[str, object]]]:
    """How it ended, and what it found, without a probe."""
    arguments = ["--config", str(folder / "maildesk.toml"), "check", "--no-send", "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "maildesk", *arguments], capture_output=True, timeout=SECONDS, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


def of_the_daemon(found: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(one["desk"], one["is_right"]) for one in found if one["what"] == "daemon"]


def test_check_is_wrong_while_the_daemon_cannot_reach_the_mailbox_and_right_when_it_can(
    dovecot, sink, proxy, user, tmp_path
):
    wire = proxy(dovecot.imap)
    (wire.upstream,) = free_ports(1)
    health = tmp_path / "health.json"
    with running_desk(tmp_path, dovecot, user, sink.port) as desk:
        configuration = tmp_path / "maildesk.toml"
        configuration.write_text(configuration.read_text().replace(f"port = {dovecot.imap}", f"port = {wire.port}"))
        assert of_the_daemon(check(tmp_path)[1]) == [("", True)]
        desk.start()
        desk.until(lambda: health.exists() and '"mailbox"' in health.read_text())
        status, found = check(tmp_path)
        assert (status, of_the_daemon(found)) == (1, [("complaints", False)]), found
        wire.upstream = dovecot.imap
        desk.until(lambda: '"mailbox"' not in health.read_text())
        status, found = check(tmp_path)
        assert (status, of_the_daemon(found)) == (0, [("complaints", True)]), found
        assert desk.stop() == 0
    assert not health.exists()
    said = [json.loads(line) for line in desk.journal().splitlines()]
    assert [one["event"] for one in said if one.get("what") == "mailbox"] == ["trouble", "well_again"]
