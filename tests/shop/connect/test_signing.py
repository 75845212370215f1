"""The signature: right for the right body, key and time only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shop.connect.signing import new_secret, sign, verify

KEY, OTHER = new_secret(), new_secret()


def test_the_signature_is_what_openssl_makes_of_the_same_words() -> None:
    # printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
    wanted = "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
    assert sign(b'{"a":1}', ["secret"], 1_700_000_000) == f"t=1700000000,v1={wanted}"


@given(body=st.binary(max_size=200), at=st.integers(0, 2**40), later=st.integers(-300, 300))
def test_what_was_signed_is_right_within_five_minutes(body: bytes, at: int, later: int) -> None:
    assert verify(body, sign(body, [KEY], at), KEY, at=at + later)


@given(body=st.binary(max_size=50), other=st.binary(max_size=50))
def test_another_body_or_another_key_is_wrong(body: bytes, other: bytes) -> None:
    header = sign(body, [KEY], 1000)
    assert verify(other, header, KEY, at=1000) is (other == body)
    assert not verify(body, header, OTHER, at=1000)


def test_an_old_push_cannot_be_played_again_and_its_time_cannot_be_changed() -> None:
    header = sign(b"x", [KEY], 1000)
    assert not verify(b"x", header, KEY, at=1301)
    assert not verify(b"x", header.replace("t=1000", "t=1300"), KEY, at=1301)
    assert not verify(b"x", header + ",t=1300", KEY, at=1301)


def test_while_a_secret_changes_both_are_right() -> None:
    header = sign(b"x", [OTHER, KEY], 1000)
    assert verify(b"x", header, KEY, at=1000)
    assert verify(b"x", header, OTHER, at=1000)


@given(st.text(max_size=80))
def test_nonsense_is_wrong_and_breaks_nothing(header: str) -> None:
    assert not verify(b"x", header, KEY, at=1000)
