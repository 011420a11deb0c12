"""Keys of a terminal by name, from the bytes that it sends. Pure."""

from __future__ import annotations

_SEQUENCES = {
    b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b[C": "right", b"\x1b[D": "left",
    b"\x1bOA": "up", b"\x1bOB": "down", b"\x1bOC": "right", b"\x1bOD": "left",
    b"\x1b[H": "home", b"\x1b[F": "end", b"\x1bOH": "home", b"\x1bOF": "end",
    b"\x1b[1~": "home", b"\x1b[4~": "end", b"\x1b[5~": "pageup", b"\x1b[6~": "pagedown",
}  # fmt: skip

_SINGLE = {
    b"\r": "enter", b"\n": "enter", b"\t": "tab", b"\x7f": "backspace", b"\x08": "backspace", b"\x04": "q",
}  # fmt: skip

_MOST_BYTES = 16
"""Of a sequence: what goes on for longer is none."""


def keys_in(data: bytes, complete: bool = False) -> tuple[list[str], bytes]:
    r"""The keys in what was read, and the begin of a sequence of which the rest has not come.

    Parameters
    ----------
    complete
        Nothing more will come of it: an escape alone is the key of that name.

    Examples
    --------
    >>> keys_in(b"q\x1b[A\x1b["), keys_in(b"\x1b", complete=True)
    ((['q', 'up'], b'\x1b['), (['escape'], b''))
    """
    keys: list[str] = []
    while data:
        if data[:1] == b"\x1b":
            length = _length(data)
            if not length:
                if not complete and len(data) < _MOST_BYTES:
                    return keys, data
                length = 1 if len(data) == 1 else len(data)
                keys += ["escape"] if length == 1 else []
            elif data[:length] in _SEQUENCES:
                keys.append(_SEQUENCES[data[:length]])
            elif length == 1:
                keys.append("escape")
            data = data[length:]
            continue
        first = data[:1]
        if first in _SINGLE:
            keys.append(_SINGLE[first])
        elif 0x20 <= first[0] < 0x7F:
            keys.append(first.decode("ascii"))
        data = data[1:]
    return keys, b""


def _length(data: bytes) -> int:
    """Bytes of the sequence at the begin; 0: it is not complete; 1: the escape stands alone."""
    if len(data) < 2:
        return 0
    if data[1:2] == b"O":
        return 3 if len(data) > 2 else 0
    if data[1:2] != b"[":
        return 1
    for place in range(2, len(data)):
        if 0x40 <= data[place] < 0x7F:
            return place + 1
    return 0
