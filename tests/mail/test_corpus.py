"""What is known of 881 real mails. The corpus lies beside the project; its mails are not the project's to copy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reading import POLICY

from maildesk.cli.inspect import as_json
from maildesk.domain.message import Kind
from maildesk.mail.parse import pack, read, read_packed, unpack

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real mails is not there")


def cases() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for file in sorted((CORPUS / "cases").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            yield case["id"], (CORPUS / case["path"]).read_bytes(), case["expect"]


def test_every_mail_is_read_and_comes_back_from_a_child_as_it_was():
    for name, raw, _ in cases():
        message = unpack(read_packed(pack(raw, POLICY)))
        assert message.rule != "unreadable", (name, message.defects)
        assert json.loads(json.dumps(as_json(name, message)))["error"] is None


def test_no_persons_mail_is_taken_for_a_programs():
    humans = [(name, read(raw, POLICY)) for name, raw, expect in cases() if expect.get("kind") == "human"]
    assert len(humans) > 50
    assert [name for name, message in humans if message.kind is not Kind.HUMAN] == []


def test_hardly_any_automatic_mail_would_be_acknowledged():
    automatic = [(name, raw) for name, raw, expect in cases() if expect.get("may_acknowledge") is False]
    assert len(automatic) > 400
    wrong = {name for name, raw in automatic if read(raw, POLICY).may_acknowledge}
    assert wrong <= {"flufl/simple_20.txt", "sisimai/bsd/arf-22.eml"}


def test_every_letter_and_digit_of_a_text_is_visible_or_quoted():
    for name, raw, _ in cases():
        message = read(raw, POLICY)
        whole, split = message.text, message.visible_text + message.quoted_text
        assert sorted("".join(whole.split())) == sorted("".join(split.split())), name
