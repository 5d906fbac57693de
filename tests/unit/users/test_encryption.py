from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.users.encryption import KeyRing, TamperedValue, UnknownKey, UnreadableValue

OLD = bytes(range(32))
NEW = bytes(range(100, 132))
CONTEXT = "users.CustomUser.iban"
IBAN = "IT60X0542811101000000123456"


def changed_bit(value: str, *, byte: int) -> str:
    key_id, _, encoded = value.partition(":")
    sealed = bytearray(base64.urlsafe_b64decode(encoded))
    sealed[byte] ^= 1
    return f"{key_id}:{base64.urlsafe_b64encode(bytes(sealed)).decode()}"


@given(st.text())
def test_a_text_comes_back_as_it_was(text):
    ring = KeyRing({"k1": OLD})

    assert ring.decrypt(ring.encrypt(text, context=CONTEXT), context=CONTEXT) == text


def test_a_value_names_its_key_and_hides_its_text():
    value = KeyRing({"k1": OLD}).encrypt(IBAN, context=CONTEXT)

    key_id, _, encoded = value.partition(":")
    assert key_id == "k1"
    assert len(base64.urlsafe_b64decode(encoded)) == 12 + len(IBAN) + 16
    assert IBAN.encode() not in base64.urlsafe_b64decode(encoded)


def test_the_same_text_is_never_encrypted_to_the_same_value():
    ring = KeyRing({"k1": OLD})

    assert ring.encrypt(IBAN, context=CONTEXT) != ring.encrypt(IBAN, context=CONTEXT)


@pytest.mark.parametrize("byte", [0, 11, 12, 20, -1])
def test_one_changed_bit_is_an_error(byte):
    ring = KeyRing({"k1": OLD})
    value = changed_bit(ring.encrypt(IBAN, context=CONTEXT), byte=byte)

    with pytest.raises(TamperedValue, match=CONTEXT):
        ring.decrypt(value, context=CONTEXT)


@pytest.mark.parametrize("text", ["a", "ab", "abc", IBAN])  # with every padding that base64 has
def test_any_bit_changed_in_what_is_stored_is_an_error(text):
    ring = KeyRing({"k1": OLD})
    value = ring.encrypt(text, context=CONTEXT).encode()

    opened = []
    for position in range(len(value) * 8):
        changed = bytearray(value)
        changed[position // 8] ^= 1 << position % 8
        try:
            opened.append(ring.decrypt(changed.decode("latin-1"), context=CONTEXT))
        except UnreadableValue:
            continue

    assert opened == []


@pytest.mark.parametrize("rest", ["", "AAAA", "not base64!", "però"])
def test_what_is_not_an_encrypted_value_is_an_error(rest):
    with pytest.raises(TamperedValue):
        KeyRing({"k1": OLD}).decrypt(f"k1:{rest}", context=CONTEXT)


def test_a_value_moved_to_another_column_does_not_open():
    ring = KeyRing({"k1": OLD})
    value = ring.encrypt(IBAN, context=CONTEXT)

    with pytest.raises(TamperedValue):
        ring.decrypt(value, context="users.CustomUser.phone")


def test_the_first_key_encrypts_and_all_decrypt():
    before = KeyRing({"old": OLD}).encrypt(IBAN, context=CONTEXT)
    both = KeyRing({"new": NEW, "old": OLD})

    after = both.encrypt(IBAN, context=CONTEXT)

    assert after.startswith("new:")
    assert both.decrypt(before, context=CONTEXT) == both.decrypt(after, context=CONTEXT) == IBAN
    assert [both.is_current(before), both.is_current(after)] == [False, True]


def test_a_value_under_a_key_that_is_gone_names_no_secret():
    value = KeyRing({"new": NEW}).encrypt(IBAN, context=CONTEXT)

    with pytest.raises(UnknownKey) as refusal:
        KeyRing({"old": OLD}).decrypt(value, context=CONTEXT)

    assert CONTEXT in str(refusal.value)
    assert value not in str(refusal.value)


def test_a_key_with_the_right_name_and_other_bytes_opens_nothing():
    value = KeyRing({"k1": NEW}).encrypt(IBAN, context=CONTEXT)

    with pytest.raises(TamperedValue):
        KeyRing({"k1": OLD}).decrypt(value, context=CONTEXT)


def test_a_blind_index_is_the_same_for_the_same_text_under_the_same_key_and_column():
    index = KeyRing({"k1": OLD}).blind_index(IBAN, context=CONTEXT)

    assert index == KeyRing({"other name": OLD}).blind_index(IBAN, context=CONTEXT)
    assert index != KeyRing({"k1": NEW}).blind_index(IBAN, context=CONTEXT)
    assert index != KeyRing({"k1": OLD}).blind_index(IBAN, context="users.CustomUser.phone")
    assert index != KeyRing({"k1": OLD}).blind_index(IBAN + "7", context=CONTEXT)
    assert len(index) == 43


def test_while_keys_change_a_text_has_an_index_for_each():
    both = KeyRing({"new": NEW, "old": OLD})

    assert both.blind_indexes(IBAN, context=CONTEXT) == [
        KeyRing({"new": NEW}).blind_index(IBAN, context=CONTEXT),
        KeyRing({"old": OLD}).blind_index(IBAN, context=CONTEXT),
    ]


def test_a_ring_without_keys_is_refused():
    with pytest.raises(ValueError, match="at least one key"):
        KeyRing({})
