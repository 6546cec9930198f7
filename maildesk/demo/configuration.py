"""The `maildesk.toml` of the demo: an ordinary one, with which the other commands work on what the demo left."""

from pathlib import Path

from maildesk.config import load
from maildesk.config.settings import Settings
from maildesk.demo.cast import DESK, DOMAIN, GRACE, ORGANISATION, PRIYA, ZONE, mail_host
from maildesk.demo.mailboxes import HOST

_TOML = """\
# The demo's configuration. Its mail servers live only as long as the demo; its database stays:
#   maildesk --config maildesk.toml cases
data = "."

[log]
level = "debug"

[[desk]]
name = "complaints"
address = "{desk}"
title = "{title}"
organisation = "{organisation}"
contact_name = "{handler_name}"
contact_phone = "01632 960 120"
own_hosts = ["{host}"]
zone = "{zone}"
respond_within_days = 20

[desk.next_stage]
en = "If you are not satisfied with our decision, you can go to the Example Ombudsman, ombudsman.example, within twelve months. It costs you nothing."
de = "Wenn Sie mit unserer Entscheidung nicht zufrieden sind, können Sie sich innerhalb von zwölf Monaten an die Beispiel-Schlichtungsstelle wenden, ombudsman.example. Das kostet Sie nichts."

[desk.mailbox]
host = "{loopback}"
security = "none"
port = {imap}
user = "{desk}"
password = "{password}"
poll_seconds = 1
timeout_seconds = 20

[desk.submission]
host = "{loopback}"
security = "none"
port = {smtp}
user = "{desk}"
password = "{password}"
timeout_seconds = 20

[desk.authenticity]
profile = "rfc8601"
authserv_id = "{host}"

[[staff]]
key = "grace"
name = "{handler_name}"
address = "{handler}"

[[staff]]
key = "priya"
name = "{manager_name}"
address = "{manager}"
role = "manager"
digest_at = "07:30"
"""  # noqa: E501 - sentences for readers stand on one line in TOML


def configure(folder: Path, imap: int, smtp: int, password: str) -> Settings:
    """Write the folder's `maildesk.toml` and read it back, as `maildesk run` would."""
    file = folder / "maildesk.toml"
    text = _TOML.format(
        desk=DESK.address,
        title=DESK.name,
        organisation=ORGANISATION,
        host=mail_host(DOMAIN),
        zone=ZONE,
        loopback=HOST,
        imap=imap,
        smtp=smtp,
        password=password,
        handler_name=GRACE.name,
        handler=GRACE.address,
        manager_name=PRIYA.name,
        manager=PRIYA.address,
    )
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return load(file, {})
