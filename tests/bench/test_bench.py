"""The benchmark's machinery at a small number of mails; counts only, no times."""

from types import SimpleNamespace

import pytest
from servers.places import ServerMissing

from bench import correctness, cost
from bench.ground import smtp_sink
from bench.mails import MeasureMissing, expected, generate

COUNT = 30


@pytest.fixture
def mails(tmp_path):
    try:
        return generate(COUNT, tmp_path / "mails")
    except MeasureMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def smtp():
    try:
        with smtp_sink() as port:
            yield port
    except ServerMissing as missing:
        pytest.skip(str(missing))


def test_the_mails_of_the_benchmark_become_the_cases_that_were_reckoned(dovecot, mailbox_user, mails):
    found = correctness.check(dovecot, mailbox_user("bench"), mails)
    assert found.is_right, found
    assert found.cases == found.acknowledgements > COUNT // 2


def test_floor_and_maildesk_take_all_of_the_same_mails(dovecot, mailbox_user, smtp, mails):
    bare = cost.floor(dovecot, smtp, mailbox_user("floor"), mails)
    whole = cost.whole(dovecot, smtp, mailbox_user("whole"), mails)
    assert bare.milliseconds > 0
    assert whole.milliseconds > 0


def reckoned(tmp_path, *rows):
    files = []
    for row in rows:
        files.append(tmp_path / f"{row['i']}.eml")
        files[-1].write_text(f"Subject: x\n\n{row['words']}\n\nOn Monday somebody wrote:\n> earlier\n")
    return expected(SimpleNamespace(files=files, manifest=rows))


def row(number, sender, parent=None, words="hello", kind="normal"):
    refs = [f"<{parent}>"] if parent is not None else []
    return {"i": number, "mid": f"<{number}>", "who": ["", sender], "parent": parent, "refs": refs, "kind": kind,
            "words": f"{words} {number}" if words == "hello" else words}  # fmt: skip


def test_the_reckoning_lets_an_answer_join_only_its_own_senders_case(tmp_path):
    found = reckoned(tmp_path, row(0, "a@x.test"), row(1, "a@x.test", 0), row(2, "b@x.test", 0), row(3, "b@x.test", 1))
    assert found.opening == {"<0>", "<2>", "<3>"}
    assert found.joining == 1


def test_the_reckoning_knows_the_same_words_again_but_not_from_somebody_else(tmp_path):
    again = row(1, "a@x.test", words="late")
    found = reckoned(tmp_path, row(0, "a@x.test", words="late"), again, row(2, "b@x.test", words="late"))
    assert found.opening == {"<0>", "<2>"}


def test_the_reckoning_opens_nothing_for_bounces_and_automatic_replies(tmp_path):
    found = reckoned(tmp_path, row(0, "a@x.test", kind="bounce"), row(1, "a@x.test", kind="auto"))
    assert found.opening == frozenset()
