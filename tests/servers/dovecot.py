"""A private Dovecot 2.3: IMAP, IMAPS with a certificate of the tests' authority, LMTP.

Runs as root (the mail then belongs to a plain user) or as any user. Every user may log in with PASSWORD; a mailbox
comes into being with the first login or delivery, so each test takes a name of its own.
"""

import os
import pwd
import shutil
import smtplib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from servers.authority import certify
from servers.places import await_greeting, end, folder, free_ports, program, tail

PASSWORD = "secret"
MAIL_USERS = ("nobody", "mail")

CONFIGURATION = """\
base_dir = {place}/run
state_dir = {place}/run
instance_name = maildesk-test
hostname = mx.example.test
log_path = {place}/dovecot.log
listen = 127.0.0.1
protocols = imap lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
first_valid_gid = 0
last_valid_uid = 0
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 1 secs
auth_username_format = %Lu
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_dh =
mail_location = maildir:{place}/mail/%u
mail_uid = {user}
mail_gid = {group}
mail_home = {place}/mail/%u
mail_max_userip_connections = 500
mailbox_idle_check_interval = 1 secs
maildir_very_dirty_syncs = no
lda_mailbox_autocreate = yes
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
{capability}
passdb {{
  driver = static
  args = password={password} nodelay=yes
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={place}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  user = {user}
  unix_listener lmtp {{
    mode = 0600
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  user = {user}
  unix_listener auth-userdb {{
    mode = 0600
  }}
}}
service auth-worker {{
  user = {user}
}}
service imap {{
  process_limit = 200
}}
"""


@dataclass(slots=True)
class Dovecot:
    """A running instance: its ports, and its authority's file for TLS."""

    place: Path
    imap: int
    imaps: int
    lmtp: int
    ca_file: Path
    process: "subprocess.Popen[bytes]"

    def client(self, user: str) -> IMAPClient:
        """A second pair of eyes: imapclient, logged in over plain IMAP, with the inbox selected."""
        client = IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=10)
        client.login(user, PASSWORD)
        client.select_folder("INBOX")
        return client

    def append(self, user: str, *raws: bytes, folder: str = "INBOX") -> None:
        """Put mails into the folder, as they are."""
        client = self.client(user)
        try:
            for raw in raws:
                client.append(folder, raw)
        finally:
            client.logout()

    def deliver(self, raw: bytes, *recipients: str, sender: str = "someone@example.com") -> None:
        """Deliver by LMTP, as a mail server would: Return-Path, Delivered-To and Received are added."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=10) as lmtp:
            for recipient in recipients:  # one transaction each: smtplib does not read LMTP's answer per recipient
                lmtp.sendmail(sender, [recipient], raw)

    def halt(self) -> None:
        """End it; its mail stays."""
        end(self.process)

    def resume(self) -> None:
        """Start it again on the same ports with the same mail."""
        self.process = _launch(self.place, self.imap, self.lmtp)

    def stop(self) -> None:
        """End it and take its folder away."""
        end(self.process)
        shutil.rmtree(self.place, ignore_errors=True)


def start(*, capability: str = "", prefix: str = "", separator: str = "/") -> Dovecot:
    """Start an instance. `capability` replaces what the server says it can (to hide MOVE, UIDPLUS, IDLE…);
    `prefix` stands before all folders but INBOX, as at some providers.

    Raises ServerMissing where Dovecot is not installed, RuntimeError with the log's end where it does not come up.
    """
    program("dovecot", "dovecot-imapd")
    program("doveadm", "dovecot-imapd")
    place = folder("dovecot")
    owner = _mail_user()
    ca, cert, key = certify(place)
    imap, imaps, lmtp = free_ports(3)
    (place / "mail").mkdir()
    (place / "run").mkdir()
    if os.geteuid() == 0:
        os.chown(place / "mail", owner.pw_uid, owner.pw_gid)
    configuration = place / "dovecot.conf"
    configuration.write_text(
        CONFIGURATION.format(
            place=place, user=owner.pw_name, group=_group(owner), cert=cert, key=key, imap=imap, imaps=imaps,
            lmtp=lmtp, password=PASSWORD, capability=f"imap_capability = {capability}" if capability else "",
            prefix=prefix, separator=separator,
        )
    )  # fmt: skip
    return Dovecot(place, imap, imaps, lmtp, ca, _launch(place, imap, lmtp))


def _launch(place: Path, imap: int, lmtp: int) -> "subprocess.Popen[bytes]":
    """The process, when it greets on its ports."""
    command = [program("dovecot", "dovecot-imapd"), "-F", "-c", str(place / "dovecot.conf")]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        await_greeting(imap, b"* OK", lambda: process.poll() is None)
        await_greeting(lmtp, b"220", lambda: process.poll() is None)
    except RuntimeError as exc:
        end(process)
        raise RuntimeError(f"Dovecot did not start: {exc}\n{tail(place / 'dovecot.log')}") from exc
    return process


def _mail_user() -> pwd.struct_passwd:
    """Who owns the mail: ourselves, or a plain user where we are root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in MAIL_USERS if name in known)


def _group(owner: pwd.struct_passwd) -> str:
    import grp

    return grp.getgrgid(owner.pw_gid).gr_name
