"""Signed addresses and pseudo-ids: short, unforgeable, of one use, and deaf to case."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_desk import DESK, mail

from maildesk.domain.message import Address
from maildesk.domain.tokens import (
    LARGEST_ID,
    Keyring,
    Use,
    find_address,
    find_case,
    mint,
    pseudo_id,
    reply_address,
    verify,
)

OLD, NEW = Keyring({1: b"a" * 32}), Keyring({1: b"a" * 32, 2: b"b" * 32})
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
IDENTS = st.integers(min_value=0, max_value=LARGEST_ID)


@given(IDENTS, st.sampled_from(Use))
def test_a_token_is_25_lower_case_base32_characters_and_leads_back_to_its_row(ident, use):
    token = mint(NEW, use, ident)
    assert re.fullmatch("[a-z2-7]{25}", token)
    assert verify(NEW, use, token) == ident


@given(IDENTS, st.integers(0, 24), st.sampled_from(ALPHABET))
def test_one_changed_character_makes_it_somebody_elses(ident, place, character):
    token = mint(NEW, Use.ADDRESS, ident)
    changed = token[:place] + character + token[place + 1 :]
    assert (verify(NEW, Use.ADDRESS, changed) is None) == (changed != token)


@pytest.mark.parametrize("other", [Use.CASE, Use.MARK])
def test_a_token_for_one_use_does_not_pass_for_another(other):
    assert verify(NEW, other, mint(NEW, Use.ADDRESS, 7)) is None


def test_a_token_signed_with_a_key_that_we_do_not_have_is_refused():
    assert verify(OLD, Use.ADDRESS, mint(NEW, Use.ADDRESS, 7)) is None
    assert verify(Keyring({1: b"x" * 32}), Use.ADDRESS, mint(OLD, Use.ADDRESS, 7)) is None


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies():
    assert verify(NEW, Use.ADDRESS, mint(OLD, Use.ADDRESS, 7)) == 7
    assert mint(NEW, Use.ADDRESS, 7) != mint(OLD, Use.ADDRESS, 7)
    assert mint(NEW, Use.ADDRESS, 7)[8] == ALPHABET[2]


@pytest.mark.parametrize("ident", [-1, LARGEST_ID + 1])
def test_an_id_of_more_than_40_bits_gets_no_token(ident):
    with pytest.raises(ValueError, match="40 bits"):
        mint(NEW, Use.ADDRESS, ident)


@pytest.mark.parametrize("token", ["", "a" * 24, "a" * 26, "a" * 25, "1" * 25, "ä" * 25, "a" * 25 + "\n"])
def test_what_is_no_token_leads_nowhere(token):
    assert verify(NEW, Use.ADDRESS, token) is None


def test_a_token_survives_a_mail_system_that_folds_case():
    address = reply_address(DESK, mint(NEW, Use.ADDRESS, 7))
    assert find_address(NEW, (address.upper(),)) == 7
    assert find_case(NEW, (pseudo_id(NEW, 9, "example.org").upper(),)) == 9


def test_a_reply_address_fits_into_a_local_part():
    local, _, domain = reply_address(DESK, mint(NEW, Use.ADDRESS, LARGEST_ID)).partition("@")
    assert len(local) <= 64
    assert domain == "example.org"


@pytest.mark.parametrize("place", ["to", "cc", "delivered_to"])
def test_the_token_is_found_wherever_the_mail_says_to_whom_it_went(place):
    address = reply_address(DESK, mint(NEW, Use.ADDRESS, 7))
    value = (address,) if place == "delivered_to" else (Address("", address),)
    assert find_address(NEW, mail("x", **{place: value}).recipients) == 7


def test_a_forged_token_before_a_good_one_does_not_hide_it():
    good = reply_address(DESK, mint(NEW, Use.ADDRESS, 7))
    assert find_address(NEW, (reply_address(DESK, "a" * 25), DESK, good)) == 7


def test_an_address_token_in_references_is_no_pseudo_id_and_the_other_way_round():
    assert find_case(NEW, (f"<{mint(NEW, Use.ADDRESS, 7)}.case@example.org>",)) is None
    assert find_address(NEW, (reply_address(DESK, mint(NEW, Use.CASE, 7)),)) is None


def test_the_nearest_of_two_pseudo_ids_wins():
    ids = (pseudo_id(NEW, 1, "example.org"), "<x@elsewhere.example>", pseudo_id(NEW, 2, "example.org"))
    assert find_case(NEW, ids) == 2


def test_a_keyring_shows_no_key_when_it_is_printed():
    assert "bbb" not in repr(NEW)
