"""A letter as the rules want it to the bytes that go over the wire: words, reply address, ids, attachments."""

from base64 import b32encode
from collections.abc import Callable
from datetime import datetime, timedelta

from maildesk.desk.reader import Reader
from maildesk.domain.case import Case
from maildesk.domain.filing import ReplyAddress
from maildesk.domain.letter import LETTERS, CaseView, DeskView, Enclosure, Letter, Probed, Purpose
from maildesk.domain.message import Address
from maildesk.domain.numbers import Numbered
from maildesk.domain.policy import DeskPolicy
from maildesk.domain.tokens import Keyring, Use, mint, pseudo_id, reply_address
from maildesk.letters.render import Templates
from maildesk.mail.compose import Attached, Headers, compose
from maildesk.store import inbox

_ID_BYTES = 10
_MOST_REFERENCES = 20


class Letterbox:
    """One desk's writing desk. `token` gives that many random bytes in hex."""

    def __init__(
        self,
        policy: DeskPolicy,
        templates: Templates,
        keyring: Keyring,
        reader: Reader,
        token: Callable[[int], str],
    ) -> None:
        self.keyring = keyring
        self._policy, self._templates, self._reader, self._token = policy, templates, reader, token
        self._domain = policy.address.rpartition("@")[2]
        self._views = {language: self._desk_view(language) for language in templates.languages}

    def message_id(self, letter: int) -> str:
        """A new Message-ID that nobody can guess; the letter keeps it for ever."""
        chance = b32encode(bytes.fromhex(self._token(_ID_BYTES))).decode("ascii").lower()
        return f"<{letter}.{chance}@{self._domain}>"

    def new_address(self, letter: Letter, ident: int, now: datetime) -> ReplyAddress:
        """The row behind the reply address of this letter."""
        expires_at = now + timedelta(days=self._policy.token_days)
        return ReplyAddress(
            ident, letter.person, letter.purpose or Purpose.COMPLAINANT, letter.case, expires_at, letter.about
        )

    async def write(
        self, numbered: Numbered, message_id: str, address: int | None, case: Case | None, at: datetime
    ) -> bytes:
        """The frozen bytes. `at` becomes the Date; `address` is the id of the reply address's row."""
        letter = numbered.letter
        reply_to = self._policy.address
        if address is not None:
            reply_to = reply_address(self._policy.address, mint(self.keyring, Use.ADDRESS, address))
        view = self._case_view(case) if case else None
        rendered = self._templates.render(letter, self._view(letter.language), view, reply_to)
        headers = Headers(
            sender=Address(self._policy.title, self._policy.address),
            to=letter.to,
            subject=rendered.subject,
            sent_at=at,
            message_id=message_id,
            reply_to=Address(self._policy.title, reply_to) if address is not None else None,
            in_reply_to=letter.in_reply_to,
            references=self._references(letter),
            auto_submitted=LETTERS[letter.kind].auto_submitted,
            desk_mark=mint(self.keyring, Use.MARK, numbered.id),
            language=rendered.language,
            probe=letter.content.nonce if isinstance(letter.content, Probed) else "",
        )
        attached = [await self._attached(enclosure) for enclosure in letter.enclosures]
        return compose(headers, rendered.text, rendered.html, attached).octets

    def _references(self, letter: Letter) -> tuple[str, ...]:
        """What the letter answers, and the case's pseudo-id, which survives relays that rewrite Message-IDs."""
        known = letter.references[-_MOST_REFERENCES:]
        return (pseudo_id(self.keyring, letter.case, self._domain), *known) if letter.case is not None else known

    async def _attached(self, enclosure: Enclosure) -> Attached:
        """A file of a kept mail. Raises LookupError where the mail no longer gives it out: better late than without."""
        raw = await inbox.octets(enclosure.message)  # its row in the ledger: the message itself is committed with us
        octets = await self._reader.part(raw, enclosure.part)
        if octets is None:
            raise LookupError(f"the attachment {enclosure.filename!r} cannot be taken out of its mail")
        return Attached(enclosure.filename, enclosure.content_type, octets)

    def _view(self, language: str) -> DeskView:
        return self._views.get(language) or self._views[self._policy.default_language]

    def _desk_view(self, language: str) -> DeskView:
        policy = self._policy
        stages = policy.next_stage
        return DeskView(
            name=policy.name,
            address=policy.address,
            title=policy.title,
            organisation=policy.organisation,
            contact_name=policy.contact_name,
            contact_phone=policy.contact_phone,
            next_stage=stages.get(language) or stages.get(policy.default_language, ""),
            respond_within_days=policy.respond_within_days,
        )

    def _case_view(self, case: Case) -> CaseView:
        owner, party = self._policy.person(case.owner), case.complainant
        return CaseView(
            reference=case.reference,
            subject=case.subject,
            status=case.status,
            received_at=case.received_at,
            due_at=self._policy.day_of(case.due_at) if case.due_at else None,
            contact_name=owner.name if owner else self._policy.contact_name,
            owner_name=owner.name if owner else "",
            complainant_name=party.name if party else "",
            complainant_address=party.address if party else "",
            outcome=case.outcome,
        )
