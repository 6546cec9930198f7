"""The registry: every command has its words, one meaning per word, and an example that does something."""

import pytest
from paper_desk import ANNA, PaperDesk, mail, transcript_of

from maildesk.domain.commands import run
from maildesk.domain.commands.grammar import parse
from maildesk.domain.commands.registry import COMMANDS, Proof, command, find, suggestion
from maildesk.domain.letter import LETTERS, Audience, LetterKind, Verdict
from maildesk.domain.phrases import PHRASES

ISSUED = ["take", "assign", "note", "reply", "ask", "assess", "respond", "close", "reopen"]
ISSUED += ["add", "newcase", "show", "mine", "help", "undo", "confirm"]


def test_the_registry_holds_exactly_the_commands_of_the_language():
    assert set(COMMANDS) == set(ISSUED)
    assert run.ROOMS


@pytest.mark.parametrize("usage", ["#take", "#TAKE it", "#other"])
def test_a_second_command_of_a_word_raises(usage):
    aliases = ("nehmen",) if usage == "#other" else ()
    with pytest.raises(ValueError, match="registered twice"):
        command(usage, "#take", *aliases)(COMMANDS["take"].run)
    assert "other" not in COMMANDS
    assert COMMANDS["take"].run.__name__ == "take"


@pytest.mark.parametrize("name", ISSUED)
def test_a_command_has_help_a_usage_and_an_example_of_its_own(name):
    row = COMMANDS[name]
    assert row.help.said.key in PHRASES
    assert row.usage.startswith(f"#{name}")
    assert [find(line.word).name for line in parse(row.example).lines] == [name]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("übernehmen", "take"),
        ("SCHLIEßEN", "close"),
        ("SCHLIESSEN", "close"),
        ("schliessen", "close"),
        ("Antwort", "reply"),
        ("zurück", "undo"),
        ("HILFE", "help"),
        ("bestätigen", "confirm"),
    ],
)
def test_a_german_word_means_the_same_command_in_any_spelling_of_case(word, name):
    assert find(word).name == name


@pytest.mark.parametrize(
    ("mistyped", "meant"), [("repyl", "reply"), ("responde", "respond"), ("schliesen", "schließen"), ("xyzzy", None)]
)
def test_a_mistyped_word_gets_the_nearest_one_if_there_is_one(mistyped, meant):
    assert suggestion(mistyped) == meant


WRITES_OUTSIDE = {"reply", "ask", "respond", "close"}


def test_what_leaves_the_house_needs_strong_proof():
    assert {name for name, row in COMMANDS.items() if row.proof is Proof.STRONG} >= WRITES_OUTSIDE


def scene(name: str):
    """A desk with a case on which the command's example makes sense."""
    desk = PaperDesk()
    case = desk.complaint()
    if name in ("add", "newcase"):
        desk.reply(desk.last(LetterKind.ACKNOWLEDGEMENT), "I am her son.", "son@elsewhere.example")
    if name == "reopen":
        desk.command(case, "#close withdrawn\nShe said so.")
    if name == "undo":
        desk.command(case, "#take")
    return desk, case


@pytest.mark.parametrize("name", sorted(set(ISSUED) - {"confirm"}))
def test_an_example_runs_and_changes_the_case_unless_it_only_reads(name):
    desk, case = scene(name)
    before, letters = desk.case(case), len(desk.sent)
    decision = desk.command(case, COMMANDS[name].example)
    assert [line.verdict for line in transcript_of(decision).lines] == [Verdict.DONE]
    own = [row.event for change in decision.changes for row in change.events]
    changed = [event for event in own if type(event).__name__ != "MessageFiled"]
    if COMMANDS[name].reads_only:
        assert changed == []
        assert len(desk.sent) == letters + 1
    else:
        assert changed
        assert desk.case(case).seq > before.seq + 1
    to_complainant = {
        n.letter.kind for n in decision.letters if LETTERS[n.letter.kind].audience is Audience.COMPLAINANT
    }
    assert bool(to_complainant) == (name in WRITES_OUTSIDE | {"newcase"})


def test_confirm_has_nothing_to_confirm_outside_a_challenge():
    desk, case = scene("confirm")
    decision = desk.command(case, "#confirm")
    assert [line.said.key for line in transcript_of(decision).lines] == ["refused.not_a_challenge"]


def test_help_lists_every_command_with_its_usage():
    desk, case = scene("help")
    listed = transcript_of(desk.command(case, "#help")).commands
    assert [entry.usage for entry in listed] == [row.usage for row in COMMANDS.values()]


def test_a_command_without_a_case_is_refused_where_it_needs_one():
    desk = PaperDesk()
    challenged = desk.receive(mail("#take\n#mine\n#help", ANNA.address))
    challenge = desk.sent[challenged.letters[0].id]
    lines = transcript_of(desk.reply(challenge, "#confirm")).lines
    assert [(line.verdict, line.said.key) for line in lines] == [
        (Verdict.REFUSED, "refused.no_case"),
        (Verdict.NOT_APPLIED, "refused.together"),
        (Verdict.NOT_APPLIED, "refused.together"),
    ]
