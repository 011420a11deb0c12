from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.top.keys import keys_in


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"q", ["q"]),
        (b"s?\r\t \x7f", ["s", "?", "enter", "tab", " ", "backspace"]),
        (b"\x1b[A\x1bOB\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["pageup", "pagedown", "home", "end"]),
        (b"\x1b[1;5Aq", ["q"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        ("ä".encode(), []),
        (b"\x04", ["q"]),
    ],
)
def test_keys_have_names(data, keys):
    assert keys_in(data) == (keys, b"")


@pytest.mark.parametrize("begin", [b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[5"])
def test_a_sequence_may_come_in_pieces(begin):
    assert keys_in(begin) == ([], begin)


def test_an_escape_of_which_nothing_more_comes_is_the_key():
    assert keys_in(b"\x1b", complete=True) == (["escape"], b"")
    assert keys_in(b"\x1b[", complete=True) == ([], b"")


@given(st.binary(max_size=40))
def test_whatever_is_typed_is_taken_in(data):
    keys, rest = keys_in(data)
    assert len(rest) < 16
    assert keys_in(rest, complete=True)[1] == b""
    assert all(keys)
