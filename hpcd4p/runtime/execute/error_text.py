"""An exception in words. Its class may be of the user's."""

from __future__ import annotations


def show_error(error: BaseException) -> str:
    """Kind and text of an exception; user classes may fail to say theirs."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as another:  # noqa: BLE001  # user code: __str__ may raise anything
        return f"{type(error).__name__}, whose text raised {type(another).__name__}"
