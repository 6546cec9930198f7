"""A private Postfix 3.7 in front of the private Dovecot. Needs root to start.

Takes mail on a loopback port from this machine, delivers example.test by LMTP (plus addresses included), refuses all
other domains with a bounce, signs no verdicts. Adds `Received: … by mx.example.test`.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers.places import ServerMissing, await_greeting, folder, free_ports, program, tail

HOSTNAME = "mx.example.test"

MAIN = """\
compatibility_level = 3.6
queue_directory = {place}/spool
data_directory = {place}/state
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {place}/maillog
maillog_file_prefixes = {place}, /var
myhostname = {hostname}
mydomain = example.test
myorigin = example.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
{outside}
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
message_size_limit = 62914560
mailbox_size_limit = 0
virtual_mailbox_limit = 0
recipient_delimiter = +
smtputf8_enable = yes
smtpd_timeout = 30s
smtpd_reject_unlisted_recipient = no
"""

NO_OUTSIDE = """\
default_transport = error:5.1.2 outside mail is off
relay_transport = error:5.1.2 outside mail is off"""

OUTSIDE_TO_SINK = """\
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = smtp:[127.0.0.1]:{sink}"""

MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(slots=True)
class Postfix:
    """A running instance and its SMTP port."""

    place: Path
    smtp: int
    process: "subprocess.Popen[bytes]"

    def log(self) -> str:
        """The end of the mail log, for the words of a failing test."""
        return tail(self.place / "maillog")

    def resume(self) -> None:
        """Start it again on the same port with the same queue."""
        self.process = _launch(self.place)
        await_greeting(self.smtp, b"220", lambda: self.process.poll() is None)

    def halt(self) -> None:
        """Stop this instance by its own configuration; its queue stays."""
        words = [program("postfix", "postfix"), "-c", str(self.place / "etc"), "stop"]
        subprocess.run(words, check=False, capture_output=True, timeout=20, env=_environment())
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)

    def stop(self) -> None:
        """Stop it and take its folder away."""
        self.halt()
        shutil.rmtree(self.place, ignore_errors=True)


def start(lmtp: int, *, sink: int | None = None) -> Postfix:
    """Start an instance that delivers to `lmtp`; mail for other domains bounces, or goes to the SMTP port `sink`.

    Raises ServerMissing where Postfix is not installed or we are not root.
    """
    program("postfix", "postfix")
    if os.geteuid() != 0:
        raise ServerMissing("postfix can only be started by root")
    place = folder("postfix")
    for name in ("etc", "spool", "spool/pid", "state"):
        (place / name).mkdir()
    shutil.chown(place / "state", "postfix")
    (smtp,) = free_ports(1)
    outside = NO_OUTSIDE if sink is None else OUTSIDE_TO_SINK.format(sink=sink)
    daemons = "/usr/lib/postfix/sbin"
    main = MAIN.format(place=place, lmtp=lmtp, outside=outside, hostname=HOSTNAME, daemons=daemons)
    (place / "etc" / "main.cf").write_text(main)
    (place / "etc" / "master.cf").write_text(MASTER.format(smtp=smtp))
    running = Postfix(place, smtp, _launch(place))
    try:
        await_greeting(smtp, b"220", lambda: running.process.poll() is None)
    except RuntimeError as exc:
        log = running.log()
        running.stop()
        raise RuntimeError(f"Postfix did not start: {exc}\n{log}") from exc
    return running


def _launch(place: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [program("postfix", "postfix"), "-c", place / "etc", "start-fg"],
        start_new_session=True, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
