"""The day, scene by scene: when, what it shows, and what the players do. The desk's part is not written anywhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from maildesk.demo import correspondence as write
from maildesk.demo import texts
from maildesk.demo.cast import DEREK, DESK, GRACE, JONAS, MARGARET, PRIYA, Player
from maildesk.demo.stage import Stage
from maildesk.domain.letter import LetterKind

Act = Callable[[Stage], Awaitable[None]]
FORGER = Player(GRACE.name, GRACE.address)


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene. `days` counts from the day that is played; `shows` is for somebody who sees maildesk first.

    `key` is the letter of the desk that matters in it (None: the first mail does), `listen_for` are words in it.
    """

    clock: str
    title: str
    shows: str
    act: Act
    key: LetterKind | None = None
    listen_for: tuple[str, ...] = ()
    days: int = 0


async def margaret_complains(stage: Stage) -> None:
    """A complaint as a phone writes it."""
    mail = write.new_mail(MARGARET, DESK, "Brown bin not emptied, three weeks running", texts.MISSED_BINS, stage.now())
    await stage.submit(MARGARET, mail)


async def jonas_complains(stage: Stage) -> None:
    """The same in German."""
    mail = write.new_mail(JONAS, DESK, "Ast auf dem Radweg hinter der Grundschule", texts.FALLEN_TREE, stage.now())
    await stage.submit(JONAS, mail)


async def jonas_is_away(stage: Stage) -> None:
    """His mailbox answers the acknowledgement by itself."""
    letter = await stage.letter(LetterKind.ACKNOWLEDGEMENT, JONAS)
    subject = f"Abwesend: {letter['Subject']}"
    await stage.submit(JONAS, write.out_of_office(JONAS, letter, subject, texts.AWAY, stage.now()))


async def grace_takes_and_asks(stage: Stage) -> None:
    """Two commands in one answer to the notice."""
    notice = await stage.letter_about(LetterKind.NEW_CASE, GRACE, MARGARET)
    await stage.submit(GRACE, write.answer(GRACE, notice, texts.TAKE_AND_ASK, stage.now()))


async def margaret_answers(stage: Stage) -> None:
    """An answer to the question, with the quote below."""
    question = await stage.letter(LetterKind.QUESTION, MARGARET)
    await stage.submit(MARGARET, write.answer(MARGARET, question, texts.HOUSE_NUMBER, stage.now()))


async def derek_complains(stage: Stage) -> None:
    """A complaint from an address with a mistake in it, and a handler who takes it."""
    mail = write.new_mail(DEREK, DESK, "Street lamp still out, Chandler's Row", texts.LAMP, stage.now())
    await stage.submit(DEREK, mail)
    await stage.go_on_to("11:22")
    notice = await stage.letter_about(LetterKind.NEW_CASE, GRACE, DEREK)
    await stage.submit(GRACE, write.answer(GRACE, notice, texts.TAKE, stage.now()))


async def the_acknowledgement_bounces(stage: Stage) -> None:
    """The mail system gives up on his address."""
    await stage.post.give_up(DEREK.address)
    await stage.settled()


async def a_stranger_commands(stage: Stage) -> None:
    """A mail in the handler’s name, to her own reply address, by somebody who cannot log in as her."""
    notice = await stage.letter_about(LetterKind.NEW_CASE, GRACE, MARGARET)
    subject = f"Re: {notice['Subject']}"
    forged = write.plain_mail(FORGER, str(notice["Reply-To"]), subject, texts.FORGED, stage.now())
    await stage.submit(FORGER, forged, logs_in=False)


async def grace_thinks_aloud(stage: Stage) -> None:
    """An answer without a command."""
    notice = await stage.letter_about(LetterKind.NEW_MESSAGE, GRACE, MARGARET)
    await stage.submit(GRACE, write.answer(GRACE, notice, texts.NOTE, stage.now()))


async def grace_decides(stage: Stage) -> None:
    """The decision, to be held."""
    notice = await stage.letter_about(LetterKind.NEW_MESSAGE, GRACE, MARGARET)
    await stage.submit(GRACE, write.answer(GRACE, notice, texts.DECISION, stage.now()))


async def the_hold_ends(stage: Stage) -> None:
    """Nobody does anything; time passes."""
    await stage.letter(LetterKind.DECISION, MARGARET)


async def margaret_is_content(stage: Stage) -> None:
    """An answer to the decision."""
    decision = await stage.letter(LetterKind.DECISION, MARGARET)
    await stage.submit(MARGARET, write.answer(MARGARET, decision, texts.THANKS, stage.now()))


async def grace_closes(stage: Stage) -> None:
    """The closing, at once."""
    notice = await stage.letter_about(LetterKind.NEW_MESSAGE, GRACE, MARGARET)
    await stage.submit(GRACE, write.answer(GRACE, notice, texts.CLOSE, stage.now()))
    await stage.letter(LetterKind.CLOSING, MARGARET)


async def priya_reads_the_digest(stage: Stage) -> None:
    """The digest comes by itself."""
    await stage.letter(LetterKind.DIGEST, PRIYA)


L = LetterKind
SCENES = (
    Scene("09:04", "A complaint arrives", (
        "Within a second the complainant knows that her complaint has arrived, its reference, whom to ask for, by "
        "which day she gets an answer, and where she can go if she is not content. The handler hears of it, with "
        "buttons that write the next command for her."
    ), margaret_complains, L.ACKNOWLEDGEMENT, ("Your contact", "You get our decision")),
    Scene("09:31", "A complaint in German", (
        "The language of the complaint decides the language of the letters. Staff read their own."
    ), jonas_complains, L.ACKNOWLEDGEMENT, ("Sie erhalten unsere Entscheidung",)),
    Scene("09:32", "An out-of-office reply gets nothing", (
        "Two machines must never write to each other. The reply is kept on its case, where it explains a silence, and "
        "nobody is answered."
    ), jonas_is_away),
    Scene("10:02", "The handler takes the case and asks", (
        "Staff work by replying to mail. Each line that begins with # is a command; the answer says line by line what "
        "was done and what goes to whom. “now” means that she does not want the usual ten minutes to think it over."
    ), grace_takes_and_asks, L.TRANSCRIPT, ("You are now", "Your question")),
    Scene("10:40", "The complainant answers", (
        "She just presses reply. The signed address that she answers to brings the mail to the right case, whatever "
        "the subject says, and the case moves on from waiting."
    ), margaret_answers),
    Scene("11:15", "A third complaint", (
        "The acknowledgement leaves and the mail server takes it, so the case counts as acknowledged – for now."
    ), derek_complains, L.ACKNOWLEDGEMENT),
    Scene("11:48", "The acknowledgement comes back", (
        "A letter that did not arrive is no acknowledgement. The milestone is taken back, and the owner of the case is "
        "told while there is time to ring the man up."
    ), the_acknowledgement_bounces, L.REFUSED, ("no such mailbox",)),
    Scene("12:10", "Somebody pretends to be the handler", (
        "The forger even knows Grace’s secret reply address for this case. But the mail is not proved to be hers, and "
        "these commands would leave the house and cost money. So nothing is done; Grace herself is asked, at the "
        "address that the desk knows. She does not confirm, and that is the end of it."
    ), a_stranger_commands, L.CHALLENGE, ("Nothing has been done", "Why we ask")),
    Scene("14:05", "A private note stays private", (
        "Words without a command are never sent by accident, and never stay unnoticed either: the answer says NOT "
        "sent, with a button that sends them after all."
    ), grace_thinks_aloud, L.TRANSCRIPT, ("NOT sent",)),
    Scene("14:30", "The decision, held for ten minutes", (
        "Outcome, reasons and remedies become the decision letter. It waits ten minutes, so that a slip can be taken "
        "back with #undo."
    ), grace_decides, L.TRANSCRIPT, ("The decision", "#undo before")),
    Scene("14:41", "The hold is over", (
        "Nobody took it back, so the decision leaves: what was found and why, what is put right, how to go further."
    ), the_hold_ends, L.DECISION, ("You were right to complain",)),
    Scene("15:20", "The complainant is content", (
        "A thank-you is filed like every other mail and reopens nothing."
    ), margaret_is_content),
    Scene("16:00", "The case is closed", (
        "Closing demands an outcome, reasons and a decision that was sent. All are there, so it closes, and the "
        "complainant is told in the handler’s words."
    ), grace_closes, L.CLOSING),
    Scene("07:30", "The manager’s morning", (
        "One mail a day: what nobody owns, what is overdue, which letters did not arrive, what is new, open and "
        "closed. The long number at its end seals the history of all cases: whoever keeps the mail can later prove "
        "that nothing was changed."
    ), priya_reads_the_digest, L.DIGEST, ("Nobody owns", "did not arrive", "Anchor of"), days=1),
)  # fmt: skip
