"""The ways in which somebody who is not of the staff tries to command: each makes mails that must command nothing."""

import email
import email.policy
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

from living import LivingDesk, answer, mail, proved

from maildesk.store.connection import run

ANNA, BERT, MIA = "anna@staff.test", "bert@staff.test", "mia@staff.test"
STRANGER = "mallory@evil.example"
ORDERS = "#take\n#respond not upheld\nGo away."
HOLD = timedelta(minutes=11)
PASS = "Authentication-Results: mx.example.test; dmarc=pass header.from=staff.test\r\n"
FAIL = "Authentication-Results: mx.example.test; dmarc=fail header.from=staff.test\r\n"
RECEIVED = "Received: from evil.example by mx.example.test; Tue, 03 Mar 2026 10:00:01 +0000\r\n"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class Scene:
    """A case that nobody has touched, its complainant's receipt, and Anna's notice of it."""

    desk: LivingDesk
    complainant: str
    receipt: EmailMessage
    notice: EmailMessage
    other_notice: EmailMessage

    @property
    def desk_address(self) -> str:
        return self.desk.desk.address

    @property
    def token(self) -> str:
        return address_of(self.notice)


async def work_off(desk: LivingDesk, *raws: bytes) -> None:
    """Put these into the mailbox, and wait until each is dealt with and answered."""
    before = await _kept(desk)

    async def is_read() -> bool:
        return await _kept(desk) == before + len(raws)

    await desk.append(*raws)
    await desk.until_async(is_read)
    await desk.settled()


async def _kept(desk: LivingDesk) -> int:
    async with desk.database():
        (row,) = await run("SELECT COUNT(*) AS n FROM inbox")
    return int(row["n"])


Forge = Callable[[Scene], Awaitable[list[bytes]]]


def address_of(letter: EmailMessage) -> str:
    """Where an answer to this letter goes."""
    return str(letter["Reply-To"].addresses[0].addr_spec)


def again(raw: bytes, number: int = 1) -> bytes:
    """The same bytes under another Message-ID."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    return raw.replace(str(found["Message-ID"]).encode(), f"<again.{number}.{id(raw)}@evil.example>".encode())


def _headed(raw: bytes, old: str, new: str) -> bytes:
    """The mail with one header written otherwise."""
    head, found, rest = raw.partition(f"{old}: ".encode())
    assert found, raw
    _, end, body = rest.partition(b"\r\n")
    return head + new.encode() + end + body


async def bare_from(scene: Scene) -> list[bytes]:
    return [answer(scene.notice, ORDERS, to=scene.desk_address)]


async def bare_from_to_a_token(scene: Scene) -> list[bytes]:
    return [answer(scene.notice, ORDERS)]


async def verdict_alone(scene: Scene) -> list[bytes]:
    raw = answer(scene.notice, ORDERS)
    return [PASS.encode() + raw, (RECEIVED + PASS).encode() + again(raw)]


async def verdict_below_the_real_one(scene: Scene) -> list[bytes]:
    return [(FAIL + RECEIVED + PASS).encode() + answer(scene.notice, ORDERS)]


async def name_in_a_comment(scene: Scene) -> list[bytes]:
    raw = answer(scene.notice, ORDERS)
    forged = PASS.replace("mx.example.test;", "evil.example (mx.example.test);")
    mixed = PASS.replace("mx.example.test;", "(mx.example.test;) evil.example;")
    return [(forged + RECEIVED).encode() + raw, (mixed + RECEIVED).encode() + again(raw)]


async def name_spelled_otherwise(scene: Scene) -> list[bytes]:
    raw = answer(scene.notice, ORDERS)
    folded = PASS.replace(": mx", ":\r\n\tmx").replace("; dmarc", "\r\n ;\r\n dmarc")
    obsolete = PASS.replace("Results:", "Results \t:")
    shouted = PASS.replace("Authentication-Results: mx.example.test", "AUTHENTICATION-RESULTS: MX.EXAMPLE.TEST/1")
    return [
        (RECEIVED + forged).encode() + again(raw, number) for number, forged in enumerate((folded, obsolete, shouted))
    ]


async def reply_to_of_a_manager(scene: Scene) -> list[bytes]:
    raw = answer(scene.notice, ORDERS, sender=STRANGER)
    return [b"Reply-To: " + MIA.encode() + b"\r\nSender: " + MIA.encode() + b"\r\n" + raw]


async def two_senders(scene: Scene) -> list[bytes]:
    raw = answer(scene.notice, ORDERS)
    both = _headed(raw, "From", f"From: {STRANGER}, {ANNA}")
    return [
        f"From: {STRANGER}\r\n".encode() + raw,
        again(both, 1),
        again(_headed(raw, "From", f"From: {ANNA}, {STRANGER}"), 2),
        (PASS.replace("staff.test", "evil.example") + RECEIVED).encode() + again(both, 3),
    ]


async def name_of_staff(scene: Scene) -> list[bytes]:
    named = f'"Anna Becker <{ANNA}>" <{STRANGER}>'
    return [answer(scene.notice, ORDERS, sender=named), _of_stranger(scene, f'"{ANNA}" <{STRANGER}>')]


def _of_stranger(scene: Scene, sender: str) -> bytes:
    return mail(sender, f"[{scene.receipt['Subject']}]", ORDERS, to=scene.desk_address)


async def token_of_somebody_else(scene: Scene) -> list[bytes]:
    return [answer(scene.notice, ORDERS, sender=sender) for sender in (BERT, scene.complainant, STRANGER)]


async def token_with_another_character(scene: Scene) -> list[bytes]:
    local, _, rest = scene.token.partition("+")
    token, _, domain = rest.partition("@")
    changed = (
        token[:place] + ALPHABET[(ALPHABET.index(letter) + 1) % 32] + token[place + 1 :]
        for place, letter in enumerate(token)
    )
    addresses = [f"{local}+{one}@{domain}" for one in changed]
    return [answer(scene.notice, ORDERS, to=one) for one in addresses[::4]]


async def token_of_another_case(scene: Scene) -> list[bytes]:
    """Anna's own token of another case leads there: on this case it commands nothing."""
    return [answer(scene.notice, ORDERS, to=address_of(scene.other_notice))]


async def expired_token(scene: Scene) -> list[bytes]:
    """A year after the letter."""
    scene.desk.clock.push(timedelta(days=400))
    return [proved(answer(scene.notice, ORDERS))]


async def command_after_closing(scene: Scene) -> list[bytes]:
    """What closed the case, once more when it is closed."""
    desk, who = scene.desk, scene.complainant
    orders = [proved(answer(scene.notice, words)) for words in ("#respond upheld\nWe are sorry.", "#close")]
    for raw, said in zip(orders, ("Our decision", "is closed"), strict=True):
        await work_off(desk, raw)
        desk.clock.push(HOLD)
        await desk.letter(who, said)
        await desk.settled()
    return [again(raw) for raw in orders]


async def challenge_confirmed_again(scene: Scene) -> list[bytes]:
    desk = scene.desk
    words = f"#reply We write to {scene.complainant}."
    await work_off(desk, answer(scene.notice, words))
    asked = await desk.letter(ANNA, "Was this you?", words)
    confirm = answer(asked, "#confirm")
    await work_off(desk, confirm)
    desk.clock.push(HOLD)
    await desk.letter(scene.complainant, words.removeprefix("#reply "))
    await desk.settled()
    return [again(confirm), proved(again(confirm, 2))]


async def commands_in_the_quote(scene: Scene) -> list[bytes]:
    quoted = "\n".join(f"> {line}" for line in ORDERS.splitlines())
    return [proved(mail(ANNA, "Re: a case", f"On Monday somebody wrote:\n\n{quoted}\n", to=scene.token))]


async def commands_where_nobody_reads(scene: Scene) -> list[bytes]:
    """In an attachment, in hidden HTML, in a comment of HTML."""
    attached = _letter(scene)
    attached.set_content("See the attachment.")
    attached.add_attachment(ORDERS, filename="orders.txt")
    hidden = _letter(scene)
    rows = "".join(f"<p>{line}</p>" for line in ORDERS.splitlines())
    hidden.set_content(f'<p>Hello</p><div style="display:none">{rows}</div><!-- {ORDERS} -->', subtype="html")
    return [proved(attached.as_bytes()), proved(hidden.as_bytes())]


def _letter(scene: Scene) -> EmailMessage:
    found = EmailMessage(policy=email.policy.SMTP)
    found["From"], found["To"], found["Subject"] = ANNA, scene.token, "Re: a case"
    found["Message-ID"] = email.utils.make_msgid(domain="mail.example")
    return found


async def complainant_commands(scene: Scene) -> list[bytes]:
    return [answer(scene.receipt, ORDERS), proved(again(answer(scene.receipt, f"{ORDERS}\n#close")))]


async def proved_command(scene: Scene) -> list[bytes]:
    """No forgery: what Anna herself sends, by the same way."""
    return [proved(answer(scene.notice, ORDERS))]


def ways() -> Iterator[tuple[str, Forge]]:
    """Each way with its words."""
    yield "a bare From of staff", bare_from
    yield "a bare From of staff, to a reply address of theirs", bare_from_to_a_token
    yield "an Authentication-Results of one's own, alone and below the way in", verdict_alone
    yield "an Authentication-Results of one's own below the real one", verdict_below_the_real_one
    yield "our host's name in a comment of an Authentication-Results", name_in_a_comment
    yield "our host's name folded, in obsolete spelling, in capitals", name_spelled_otherwise
    yield "Reply-To and Sender of a manager", reply_to_of_a_manager
    yield "two From headers, and two addresses in one", two_senders
    yield "the name and address of staff as a display name", name_of_staff
    yield "a person's reply address with another's From", token_of_somebody_else
    yield "a reply address with one character changed", token_with_another_character
    yield "the reply address of another case", token_of_another_case
    yield "commands once more after closing", command_after_closing
    yield "a challenge confirmed a second time", challenge_confirmed_again
    yield "commands in quoted text", commands_in_the_quote
    yield "commands in an attachment, in hidden HTML", commands_where_nobody_reads
    yield "commands from the complainant's own reply address", complainant_commands
    yield "a reply address that has expired", expired_token
