import dataclasses
import re
import tomllib
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given, strategies

from maildesk import config
from maildesk.config.fields import names_in
from maildesk.config.lines import key_lines
from maildesk.config.settings import Settings

EXAMPLE = Path(__file__).parent.parent / "deploy" / "maildesk.example.toml"
COMMENTED_SETTING = re.compile(r"^#(\w+ = )", re.MULTILINE)

DESK = """
[[desk]]
name = "complaints"
address = "complaints@example.org"
title = "Complaints"
organisation = "Example Council"
contact_name = "Anna Meyer"
zone = "Europe/London"
next_stage = { en = "Ask the ombudsman.", de = "Fragen Sie die Schlichtungsstelle." }

[desk.mailbox]
host = "imap.example.org"
user = "complaints"
password_file = "secret"

[desk.submission]
host = "localhost"
security = "none"
"""
STAFF = """
[[staff]]
key = "anna"
name = "Anna Meyer"
address = "anna@example.org"
role = "manager"
"""


@pytest.fixture
def folder(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    return tmp_path


@pytest.fixture
def examine(folder):
    def examined(text, environ=None):
        file = folder / "maildesk.toml"
        file.write_text(text)
        return config.examine(file, environ or {})

    return examined


@pytest.fixture
def load(folder):
    def loaded(text, environ=None):
        file = folder / "maildesk.toml"
        file.write_text(text)
        return config.load(file, environ or {})

    return loaded


def keys(problems):
    return {problem.key for problem in problems}


def test_the_smallest_configuration_loads_with_every_default(load):
    settings = load(DESK + STAFF)
    desk = settings.desks[0]
    assert (desk.mailbox.port, desk.mailbox.security, desk.mailbox.password) == (993, "tls", "hunter2")
    assert (desk.submission.port, desk.submission.user) == (25, "")
    assert (desk.default_language, desk.respond_within_days) == ("en", 20)
    assert settings.staff[0].zone == "Europe/London"
    assert settings.staff[0].digest_at == time(7, 30)
    assert settings.limits.message_bytes == 40_000_000
    assert settings.sqlite_file == Path("/var/lib/maildesk/maildesk.db")


def test_a_right_configuration_has_no_warnings(examine):
    assert examine(DESK + STAFF).warnings == ()


def test_five_mistakes_are_all_told_at_once_with_file_and_line(examine, folder):
    text = DESK + STAFF
    for right, wrong in (
        ('name = "complaints"', 'name = "Com plaints"'),
        ('zone = "Europe/London"', 'zone = "Europe/Lodon"'),
        ('host = "imap.example.org"', 'hots = "imap.example.org"\nport = 70000'),
        ('address = "anna@example.org"', 'address = "anna"'),
    ):
        text = text.replace(right, wrong)
    examined = examine(text)
    file = str(folder / "maildesk.toml")
    lines = text.splitlines()
    assert [(problem.file, problem.key) for problem in examined.mistakes] == [
        (file, "desk.name"),
        (file, "desk.zone"),
        (file, "desk.mailbox.host"),
        (file, "desk.mailbox.hots"),
        (file, "desk.mailbox.port"),
        (file, "staff.address"),
    ]
    assert [lines[problem.line - 1] for problem in examined.mistakes] == [
        'name = "Com plaints"',
        'zone = "Europe/Lodon"',
        "[desk.mailbox]",
        'hots = "imap.example.org"',
        "port = 70000",
        'address = "anna"',
    ]
    assert examined.settings is None


def test_load_raises_with_every_mistake_in_words(load):
    with pytest.raises(config.ConfigurationError) as caught:
        load(DESK.replace("Europe/London", "Europe/Lodon").replace('"Complaints"', "17"))
    assert len(caught.value.problems) == 2
    assert 'Did you mean "Europe/London"?' in str(caught.value)
    assert "desk.title: 17 does not fit. Give a text in quotes." in str(caught.value)


def test_an_unknown_setting_is_answered_with_the_nearest_one(examine):
    mistakes = examine(DESK.replace("contact_name", "contact_nam") + STAFF).mistakes
    assert any(problem.what_to_do == 'Did you mean "contact_name"?' for problem in mistakes)


@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('"complaints@example.org"', '"complaints@example.org, boss@example.org"', "desk.address"),
        ('"complaints@example.org"', '"Desk <complaints@example.org>"', "desk.address"),
        ('"Complaints"', '"Complaints\\r\\nBcc: everybody@example.com"', "desk.title"),
        ('"Complaints"', '""', "desk.title"),
        ('"imap.example.org"', '"imaps://imap.example.org"', "desk.mailbox.host"),
        ('"imap.example.org"', '"imap.example.org:993"', "desk.mailbox.host"),
        ('"imap.example.org"', '"imap.example.org"\nport = 0', "desk.mailbox.port"),
        ('"imap.example.org"', '"imap.example.org"\nport = true', "desk.mailbox.port"),
        ('"imap.example.org"', '"imap.example.org"\nport = "993"', "desk.mailbox.port"),
        ('"imap.example.org"', '"imap.example.org"\nsecurity = "ssl"', "desk.mailbox.security"),
        ('"imap.example.org"', '"imap.example.org"\nca_file = "nowhere.pem"', "desk.mailbox.ca_file"),
        ('"imap.example.org"', '"imap.example.org"\nprocessed = "INBOX"', "desk.mailbox.processed"),
        ('"Europe/London"', '"Europe"', "desk.zone"),
        ('"Europe/London"', '"../../etc/passwd"', "desk.zone"),
        ('"Europe/London"', '"Europe/London"\nlanguages = ["en", "de", "xx"]', "desk.languages"),
        ('"Europe/London"', '"Europe/London"\nlanguages = "en"', "desk.languages"),
        ('"Europe/London"', '"Europe/London"\ndefault_language = "fr"', "desk.default_language"),
        ('"Europe/London"', '"Europe/London"\nrespond_within_days = 0', "desk.respond_within_days"),
        ('"Europe/London"', '"Europe/London"\nnotify = ["bob"]', "desk.notify"),
        ('"Europe/London"', '"Europe/London"\nalso = ["anna@example.org"]', "staff.address"),
        ("en = ", "fr = ", "desk.next_stage.fr"),
        ('"none"', '"none"\nuser = "complaints"', "desk.submission.user"),
        ('"manager"', '"boss"', "staff.role"),
        ('"manager"', '"manager"\ndigest_at = "25:00"', "staff.digest_at"),
        ('"manager"', '"manager"\ndigest_at = "7 o\'clock"', "staff.digest_at"),
        ('"manager"', '"manager"\ndesks = ["housing"]', "staff.desks"),
        ('"manager"', '"manager"\nlanguage = "klingon"', "staff.language"),
        ('"manager"', '"manager"\nzone = "Mars/Olympus"', "staff.zone"),
    ],
)
def test_each_of_these_is_a_mistake_at_its_own_line(examine, right, wrong, key):
    text = (DESK + STAFF).replace(right, wrong, 1)
    mistakes = examine(text).mistakes
    assert keys(mistakes) == {key}
    assert key.rpartition(".")[2] in text.splitlines()[mistakes[0].line - 1]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        (DESK.replace("desk]", "desk]", 1), "desk.name"),
        (STAFF.replace("anna@", "other@"), "staff.key"),
        (STAFF.replace('"anna"', '"bob"'), "staff.address"),
        (STAFF.replace('"anna"', '"bob"').replace("anna@example.org", "COMPLAINTS@example.org"), "staff.address"),
    ],
)
def test_what_must_be_unique_is_refused_the_second_time(examine, more, key):
    text = DESK + STAFF + more
    mistakes = [problem for problem in examine(text).mistakes if problem.key == key]
    assert len(mistakes) == 1
    assert mistakes[0].line > (DESK + STAFF).count("\n")


def test_two_desks_cannot_read_one_mailbox(examine):
    second = DESK.replace('"complaints"', '"second"', 1).replace("complaints@", "second@")
    assert keys(examine(DESK + second + STAFF).mistakes) == {"desk.mailbox"}


def test_whoever_is_told_about_new_cases_must_work_for_the_desk(examine):
    second = DESK.replace('"complaints"', '"second"', 1).replace("complaints@", "second@")
    second = second.replace('user = "complaints"', 'user = "second"').replace(
        "contact_name", 'notify = ["anna"]\ncontact_name'
    )
    examined = examine(DESK + second + STAFF + 'desks = ["complaints"]\n')
    assert keys(examined.mistakes) == {"desk.notify"}


def test_an_empty_file_names_what_is_missing(examine):
    assert keys(examine("# nothing\n").mistakes) == {"desk"}


@pytest.mark.parametrize("text", ["desk = 3", "[desk]\nname = 'x'", "limits = 5", "desk = [1, 2]", "staff = {}"])
def test_a_table_of_the_wrong_shape_is_a_mistake_and_no_crash(examine, text):
    examined = examine(text)
    assert examined.settings is None
    assert all(problem.line == 1 for problem in examined.mistakes if problem.key)


def test_a_mistake_in_toml_itself_has_its_line(examine):
    (mistake,) = examine('data = "x"\n\nzone = = 3\n').mistakes
    assert mistake.line == 3


def test_an_unclosed_text_at_the_end_has_a_line(examine):
    (mistake,) = examine('data = "x"\nlog = {').mistakes
    assert mistake.line == 2


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "9" * 5000, "x = " + "{a=" * 400 + "1" + "}" * 400]
)
def test_a_monstrous_value_is_a_mistake_and_no_crash(examine, text):
    assert examine(text).mistakes


@given(
    start=strategies.integers(0, 7000),
    length=strategies.integers(0, 60),
    typed=strategies.text(alphabet="[]{}\"'=.,# \n\\\x00aé0", max_size=8),
)
def test_no_slip_of_the_keyboard_crashes_the_loader(tmp_path_factory, start, length, typed):
    example = EXAMPLE.read_text()
    file = tmp_path_factory.getbasetemp() / "slip.toml"
    text = example[:start] + typed + example[start + length :]
    file.write_text(text)
    examined = config.examine(file, {})
    assert examined.settings or examined.mistakes
    assert all(problem.line <= text.count("\n") + 1 for problem in examined.mistakes)


def test_bytes_that_are_not_utf8_have_their_line(folder):
    file = folder / "latin.toml"
    file.write_bytes(b'# fine\ndata = "caf\xe9"\n')
    (mistake,) = config.examine(file, {}).mistakes
    assert (mistake.line, mistake.what) == (2, "there are bytes here that are not UTF-8")


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_a_mistake(folder, name):
    (mistake,) = config.examine(folder / name, {}).mistakes
    assert "cannot be read" in mistake.what


def test_a_byte_order_mark_does_no_harm(folder):
    file = folder / "notepad.toml"
    file.write_text(DESK + STAFF, encoding="utf-8-sig")
    assert config.load(file, {}).desks[0].name == "complaints"


# secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_nowhere(load):
    text = DESK.replace('password_file = "secret"', 'password = "hunter2"') + STAFF
    settings = load(f'database_env = "URL"\n{text}', {"URL": "postgres://desk:hunter2@localhost/desk"})
    assert "hunter2" in settings.database
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("wrong", ["12345678", '["geheim"]', '"geh\\neim"'])
def test_no_mistake_repeats_a_secret(examine, wrong):
    examined = examine(DESK.replace('password_file = "secret"', f"password = {wrong}") + STAFF)
    told = " ".join(map(str, (*examined.mistakes, *examined.warnings)))
    assert keys(examined.mistakes) == {"desk.mailbox.password"}
    assert "geh" not in told
    assert "12345678" not in told


def test_a_secret_comes_from_the_environment(load):
    text = DESK.replace('password_file = "secret"', 'password_env = "DESK_PASSWORD"') + STAFF
    assert load(text, {"DESK_PASSWORD": "by environment"}).desks[0].mailbox.password == "by environment"


def test_a_secret_comes_from_a_systemd_credential(load, folder):
    (folder / "imap").write_text("by systemd")
    text = DESK.replace('password_file = "secret"', 'password_credential = "imap"') + STAFF
    settings = load(text, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert settings.desks[0].mailbox.password == "by systemd"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ('password_env = "NOT_SET"', "the environment has no variable NOT_SET"),
        ('password_credential = "imap"', "systemd has handed over no credentials"),
        ('password_file = "nowhere"', "nowhere cannot be read"),
        ('password_file = "empty"', "empty is empty"),
        ('password_file = "latin"', "something else than UTF-8"),
        ('password = ""', "it is empty"),
        ('password = "a"\npassword_env = "HOME"', "password and password_env"),
        ("", "it is missing"),
    ],
)
def test_a_secret_that_is_not_to_be_had_is_a_mistake(examine, folder, given, told):
    (folder / "empty").write_text("\n")
    (folder / "latin").write_bytes(b"\xff\xfe")
    (mistake,) = examine(DESK.replace('password_file = "secret"', given) + STAFF).mistakes
    assert told in mistake.what
    assert mistake.key.startswith("desk.mailbox.password")


def test_a_credential_cannot_leave_its_folder(examine, folder):
    text = DESK.replace('password_file = "secret"', 'password_credential = "../secret"') + STAFF
    (mistake,) = examine(text, {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}).mistakes
    assert "not the name of a credential" in mistake.what


def test_a_secret_file_that_all_may_read_earns_a_warning_with_the_remedy(examine, folder):
    (folder / "secret").chmod(0o644)
    (warning,) = examine(DESK + STAFF).warnings
    assert warning.what_to_do == f"Run: chmod 600 {folder / 'secret'}"
    assert warning.line == (DESK + STAFF).splitlines().index('password_file = "secret"') + 1


def test_a_plain_password_earns_a_warning(examine):
    examined = examine(DESK.replace('password_file = "secret"', 'password = "hunter2"') + STAFF)
    assert keys(examined.warnings) == {"desk.mailbox.password"}


def test_a_database_without_a_password_earns_none(examine):
    assert examine(f'database = "postgres://desk@localhost/desk"\n{DESK}{STAFF}').warnings == ()


# warnings ---------------------------------------------------------------------------------------------------------


def test_clear_text_to_another_machine_is_possible_but_not_unnoticed(examine):
    examined = examine(DESK.replace('"localhost"', '"smtp.example.org"') + STAFF)
    assert keys(examined.warnings) == {"desk.submission.security"}
    assert examined.settings is not None


def test_the_default_is_never_clear_text(load):
    text = DESK.replace('security = "none"\n', "").replace("localhost", "127.0.0.1") + STAFF
    assert load(text).desks[0].submission.security == "tls"


def test_a_desk_without_a_manager_or_without_the_next_stage_earns_a_warning(examine):
    examined = examine(
        DESK.replace(", de = ", ', de = "" #').replace('" #', '" } #') + STAFF.replace("manager", "handler")
    )
    assert {warning.key for warning in examined.warnings} == {"", "desk.next_stage"}


def test_a_desk_where_nobody_works_earns_a_warning(examine):
    assert "nobody works for this desk" in " ".join(warning.what for warning in examine(DESK).warnings)


# the environment and the place ------------------------------------------------------------------------------------


def test_the_environment_stands_in_for_data_and_database(load, folder):
    environ = {"MAILDESK__DATA": "elsewhere", "MAILDESK__DATABASE": "postgres://localhost/desk"}
    settings = load(f'data = "here"\ndatabase_file = "nowhere"\n{DESK}{STAFF}', environ)
    assert settings.data == folder / "elsewhere"
    assert settings.database == "postgres://localhost/desk"


def test_a_wrong_value_from_the_environment_is_told_as_such(examine):
    (mistake,) = examine(DESK + STAFF, {"MAILDESK__DATABASE": "mysql://localhost/x"}).mistakes
    assert (mistake.file, mistake.line, mistake.key) == ("environment", 0, "MAILDESK__DATABASE")


def test_a_variable_that_changes_nothing_earns_a_warning(examine):
    (warning,) = examine(DESK + STAFF, {"MAILDESK__DATABSE": "x"}).warnings
    assert warning.what_to_do == 'Did you mean "MAILDESK__DATABASE"?'


def test_the_configuration_is_looked_for_in_order(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "maildesk.toml").write_text("")
    environ = {"MAILDESK_CONFIG": "by-environment.toml"}
    assert config.find(Path("named.toml"), environ) == Path("named.toml")
    assert config.find(None, environ) == Path("by-environment.toml")
    assert config.find(None, {}) == Path("maildesk.toml")


def test_a_path_is_taken_from_the_folder_of_the_file(load, folder):
    assert load(f'data = "kept"\n{DESK}{STAFF}').data == folder / "kept"


def test_an_own_folder_of_letters_adds_its_languages(load, folder):
    (folder / "own" / "fr").mkdir(parents=True)
    text = f'templates = "own"\n{DESK}{STAFF}'.replace("zone", 'languages = ["en", "de", "fr"]\nzone', 1)
    assert load(text).desks[0].languages == ("en", "de", "fr")


# who is told ------------------------------------------------------------------------------------------------------


def test_the_handlers_of_a_desk_are_told_about_new_cases_unless_it_names_others(load):
    handler = STAFF.replace("anna", "bob").replace("manager", "handler")
    settings = load(DESK + STAFF + handler)
    assert [person.key for person in settings.told_about_new_cases(settings.desks[0])] == ["bob"]
    named = load(DESK.replace("zone", 'notify = ["anna"]\nzone', 1) + STAFF + handler)
    assert [person.key for person in named.told_about_new_cases(named.desks[0])] == ["anna"]


def test_where_there_is_no_handler_everybody_is_told(load):
    settings = load(DESK + STAFF)
    assert [person.key for person in settings.told_about_new_cases(settings.desks[0])] == ["anna"]


# the example file -------------------------------------------------------------------------------------------------


def toml_names(value, within=()):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {name for table in value for name in toml_names(table, within)}
    if isinstance(value, dict) and within[-1:] != ("next_stage",):
        return {name for key, inner in value.items() for name in toml_names(inner, (*within, key))}
    return {within}


def uncommented():
    """The example with every setting that it shows, save the ways of giving one secret that exclude each other."""
    text = COMMENTED_SETTING.sub(r"\1", EXAMPLE.read_text())
    return tomllib.loads(text)


def test_the_example_loads_without_a_word(folder):
    file = folder / "maildesk.toml"
    file.write_text(EXAMPLE.read_text())
    (folder / "complaints.password").write_text("secret")
    (folder / "complaints.password").chmod(0o600)
    examined = config.examine(file, {})
    assert (examined.mistakes, examined.warnings) == ((), ())


def test_the_example_shows_every_setting_and_no_other():
    assert toml_names(uncommented()) == set(names_in(Settings))


def test_the_defaults_that_the_example_shows_are_those_of_the_code(folder):
    (folder / "complaints.password").write_text("secret")
    bare, full = folder / "bare.toml", folder / "full.toml"
    bare.write_text(EXAMPLE.read_text())
    without_secrets = re.sub(r"^#(password|database)(_\w+)? = .*$", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    full.write_text(COMMENTED_SETTING.sub(r"\1", without_secrets))
    assert config.load(full, {}) == config.load(bare, {})


# lines ------------------------------------------------------------------------------------------------------------


def test_every_key_of_every_toml_shape_has_its_line():
    text = "\n".join(  # noqa: FLY002  # one line of TOML a line, numbered
        [
            '# "quoted" = [ not a table',  # 1
            "a.b = 1 # c = 2",  # 2
            '"d e".\'f\' = """',  # 3
            "[not.a.table]",  # 4
            'x = 1 \\" """" ',  # 5
            "g = '''",  # 6
            "h = 1'''",  # 7
            "i = [",  # 8
            "  1, # ]",  # 9
            "  { j = 1979-05-27 07:32:00, k = [ 'l' ] },",  # 10
            "]",  # 11
            "[[m]]",  # 12
            "n = 1.5",  # 13
            "[m.o]",  # 14
            "p = true",  # 15
            "[[m]]",  # 16
            "[[m.q]]",  # 17
            "r = ''",  # 18
            "[[m.q]]",  # 19
            '[ s . "t" ]',  # 20
            "u = '}'",  # 21
        ]
    )
    tomllib.loads(text)
    lines = key_lines(text)
    assert lines == {
        ("a",): 2,
        ("a", "b"): 2,
        ("d e",): 3,
        ("d e", "f"): 3,
        ("g",): 6,
        ("i",): 8,
        ("i", 0): 9,
        ("i", 1): 10,
        ("i", 1, "j"): 10,
        ("i", 1, "k"): 10,
        ("i", 1, "k", 0): 10,
        ("m",): 12,
        ("m", 0): 12,
        ("m", 0, "n"): 13,
        ("m", 0, "o"): 14,
        ("m", 0, "o", "p"): 15,
        ("m", 1): 16,
        ("m", 1, "q"): 17,
        ("m", 1, "q", 0): 17,
        ("m", 1, "q", 0, "r"): 18,
        ("m", 1, "q", 1): 19,
        ("s",): 20,
        ("s", "t"): 20,
        ("s", "t", "u"): 21,
    }


def test_no_setting_can_be_changed_after_loading(load):
    with pytest.raises(dataclasses.FrozenInstanceError):
        load(DESK + STAFF).data = Path("elsewhere")
