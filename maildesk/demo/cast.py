"""Who plays: the council's desk, its staff, the people who complain, and the stranger."""

from dataclasses import dataclass
from email.utils import formataddr


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody with a mailbox. `signature` stands under what they write."""

    name: str
    address: str
    signature: str = ""

    @property
    def mailbox(self) -> str:
        """Name and address as a header field shows them (RFC 5322 section 3.4)."""
        return formataddr((self.name, self.address))

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]


ORGANISATION = "Harbour District Council"
DOMAIN = "harbour.example"
ZONE = "Europe/London"

DESK = Player("Complaints Desk", f"complaints@{DOMAIN}")
GRACE = Player("Grace Okafor", f"grace.okafor@{DOMAIN}", f"Grace Okafor\nCustomer Care, {ORGANISATION}")
PRIYA = Player("Priya Shah", f"priya.shah@{DOMAIN}", "Priya Shah\nComplaints Manager")
MARGARET = Player("Margaret Hughes", "margaret@hughes.example", "Margaret Hughes")
JONAS = Player("Jonas Weber", "jonas.weber@weber.example", "Jonas Weber")
DEREK = Player("Derek Lane", "derek@lane.example", "Derek Lane")

STAFF = (GRACE, PRIYA)
PLAYERS = (DESK, *STAFF, MARGARET, JONAS, DEREK)
WITHOUT_MAILBOX = frozenset({DEREK.address})


def mail_host(domain: str) -> str:
    """The host that takes in a domain's mail."""
    return f"mx.{domain}"


def player_at(address: str) -> Player | None:
    """Who has this address; what stands behind a plus does not count."""
    local, _, domain = address.lower().rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return next((player for player in PLAYERS if player.address == plain), None)
