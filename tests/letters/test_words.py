import ast
import tomllib
from pathlib import Path
from string import Formatter

import pytest
from reading_html import words_of

from maildesk.domain.case import Outcome, Role, Status
from maildesk.domain.filing import FilingReason
from maildesk.domain.letter import LetterKind, Verdict
from maildesk.domain.phrases import PHRASES, Phrase
from maildesk.letters.filters import Reader, say
from maildesk.letters.folders import template_dir
from maildesk.letters.problem import BrokenTemplate
from maildesk.letters.words import load

LANGUAGES = ("de", "en")
PACKAGE = Path(__file__).parents[2] / "maildesk"


def content(language):
    return tomllib.loads((template_dir() / language / "phrases.toml").read_text())


def forms_of(text):
    return [text] if isinstance(text, str) else list(text.values())


def spoken(language, key, *values):
    from zoneinfo import ZoneInfo

    words = load((template_dir() / language / "phrases.toml",))
    return say({"reader": Reader(words, words.locale, ZoneInfo("Europe/London"))}, Phrase(key, values))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_there_with_exactly_its_placeholders(language):
    phrases = content(language)["phrases"]
    assert phrases.keys() == PHRASES.keys()
    for key, text in phrases.items():
        for form in forms_of(text):
            assert {name for _, name, _, _ in Formatter().parse(form) if name} == set(PHRASES[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        ("status", Status),
        ("outcome", Outcome),
        ("finding", Outcome),
        ("role", Role),
        ("letter", LetterKind),
        ("verdict", Verdict),
        ("filed", FilingReason),
    ],
)
def test_every_value_has_a_word(language, table, kinds):
    assert content(language)[table].keys() == {each.value for each in kinds}


def test_all_languages_have_the_same_words():
    english, german = content("en"), content("de")
    assert english.keys() == german.keys()
    for table in english.keys() - {"locale"}:
        assert english[table].keys() == german[table].keys(), table


def test_german_says_nothing_in_english():
    english, german = content("en"), content("de")
    same = {key for key, text in german["phrases"].items() if text == english["phrases"][key]}
    assert same == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", PHRASES)
def test_every_phrase_can_be_said(language, key):
    said = spoken(language, key, *("42" for _ in PHRASES[key]))
    assert "{" not in said
    assert words_of(said)


@pytest.mark.parametrize(
    ("count", "said"), [("1", "1 open case."), ("2", "2 open cases."), ("1234", "1,234 open cases.")]
)
def test_counted_phrases_have_their_plural(count, said):
    assert spoken("en", "mine.done", count).endswith(said)


def test_values_of_phrases_are_spoken_in_the_readers_language():
    assert "teilweise berechtigt" in spoken("de", "respond.done", "partly upheld", "ana@example.com")
    assert "in Vertretung" in spoken("de", "add.done", "pat@example.net", "on behalf")
    assert "in Untersuchung" in spoken("de", "refused.status", "#close", "investigating")
    assert "Schwere: high, Auswirkung: no heat" in spoken("de", "assess.done", "severity high, impact no heat")
    assert "eine neue E-Mail (Jo Bell)" in spoken("de", "refused.undo_built_on", "MessageFiled (Jo Bell)")
    assert "47 MB" in spoken("en", "notice.too_large", "47300000", "40000000")
    assert "1 Dec 2026, 09:30" in spoken("en", "health.deferred", "2", "2026-12-01T09:30:00+00:00")


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is():
    assert "{name.__class__}" in spoken("en", "assign.done", "{name.__class__}")


def test_a_phrase_with_too_few_values_is_a_mistake_in_the_program():
    with pytest.raises(ValueError, match="zip"):
        spoken("en", "respond.done", "upheld")


def test_every_phrase_that_the_program_says_exists_and_has_as_many_values_as_placeholders():
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Phrase" and node.args):
                continue
            key = node.args[0]
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                continue
            values = node.args[1] if len(node.args) > 1 else ast.Tuple([])
            given = len(values.elts) if isinstance(values, ast.Tuple) else None
            if key.value not in PHRASES or given not in (None, len(PHRASES[key.value])):
                wrong.append(f"{path.name}:{node.lineno} {key.value}")
    assert wrong == []


def test_a_users_phrases_win_word_by_word_and_wrong_ones_are_named_with_their_line(tmp_path):
    file = tmp_path / "phrases.toml"
    file.write_text(
        "[phrases]\n"
        '"take.done" = "Yours now."\n'
        '"assign.done" = "Given away."\n'
        '"no.such" = "x"\n'
        "[word]\n"
        'dear = "Good day"\n'
        "[staus]\n"
        'x = "y"\n'
    )
    words = load((file, template_dir() / "en" / "phrases.toml"))
    assert words.form("take.done", {}) == "Yours now."
    assert words.form("assign.done", {"name": "Jo"}) == "{name} is now the owner of this case."
    assert words.tables["word"]["dear"] == "Good day"
    assert words.tables["word"]["hello"] == "Hello"
    assert sorted((problem.line, problem.file) for problem in words.problems) == [
        (3, str(file)),
        (4, str(file)),
        (7, str(file)),
    ]


def test_a_users_phrases_that_are_no_toml_are_reported_and_ours_are_used(tmp_path):
    file = tmp_path / "phrases.toml"
    file.write_text('[phrases]\n"take.done" = Yours\n')
    words = load((file, template_dir() / "en" / "phrases.toml"))
    assert words.form("take.done", {}) == "You are now the owner of this case."
    assert [(problem.file, problem.line) for problem in words.problems] == [(str(file), 2)]


def test_a_language_without_any_phrases_is_refused(tmp_path):
    with pytest.raises(BrokenTemplate, match="is missing"):
        load((tmp_path / "phrases.toml",))
