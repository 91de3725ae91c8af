"""Record ids and their checksum."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.org.ids import Mint, long_id, normal

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def test_the_checksum_is_salesforces() -> None:
    """A published pair of forms of the same id: without this, ids of other programs would not match ours."""
    assert long_id("0015000000Gv7qJ") == "0015000000Gv7qJAAR"


@given(st.text(LETTERS, min_size=15, max_size=15))
def test_eighteen_characters_survive_losing_their_case(short: str) -> None:
    """The three last characters restore the case: spreadsheets that fold it do no harm."""
    whole = long_id(short)
    assert normal(short) == whole
    assert normal(whole.lower()) == whole
    assert normal(whole.upper()) == whole


@pytest.mark.parametrize("text", ["", "00T", "0015000000Gv7qJ5AA", "0015000000Gv7qJAA!", "0015000000Gv7q-", "x" * 19])
def test_what_is_no_id_is_refused(text: str) -> None:
    """A wrong length, letter or checksum is no id."""
    assert normal(text) is None


def test_new_ids_grow() -> None:
    """Ordering by id is ordering by creation, as keyset paging expects."""
    mint = Mint(random.Random(1))
    made = [mint.new("00T") for _ in range(200)]
    assert made == sorted(made)
    assert len(set(made)) == 200
    assert all(normal(each) == each for each in made)
