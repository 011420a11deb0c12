"""Reading a VOTable (IVOA recommendation, 1.1 to 1.5) with astropy, which is imported when it is used."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any


class VOTableError(ValueError):
    """Bytes that are no VOTable, or not the one that was expected."""


def first_row(xml: bytes, columns: Sequence[str]) -> list[Any]:
    """Give the values of `columns` in the first row of the first table; None where the row has none.

    Text comes as str without the blanks around it; numbers as int or float. A 32-bit float comes as the
    shortest decimal number that it stands for: 0.21, not 0.20999999344348907.

    Raises
    ------
    VOTableError
        No VOTable, no table, no row, or no such column; the message has what the service says about it.
    """
    from xml.parsers.expat import ExpatError

    from astropy.io.votable import parse

    try:
        document = parse(io.BytesIO(xml))
    except (ExpatError, ValueError, OSError) as error:
        raise VOTableError(f"no VOTable that can be read ({_sentence(error)})") from error
    try:
        table = document.get_first_table()
    except IndexError:
        raise VOTableError(f"the VOTable has no table{_said(document)}") from None
    ids = {field.name: field.ID for field in table.fields}
    for column in columns:
        if column not in ids:
            raise VOTableError(f"the VOTable has no column {column}; it has {', '.join(ids)}")
    if len(table.array) == 0:
        raise VOTableError(f"the VOTable has no row: there is no such galaxy{_said(document)}")
    return [_plain(table.array[ids[column]][0]) for column in columns]


def _plain(value: Any) -> Any:
    import numpy as np

    if value is np.ma.masked:
        return None
    if isinstance(value, (str, bytes)):
        return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip() or None
    if isinstance(value, np.floating):
        number = float(str(value))
        return None if number != number else number
    return value.item() if isinstance(value, np.generic) else value


def _said(document: Any) -> str:
    """What a service says in an INFO about a request that it could not fulfil."""
    for resource in (document, *document.resources):
        for info in resource.infos:
            if info.name.lower() == "error" or (info.name, info.value) == ("QUERY_STATUS", "ERROR"):
                return f"; the service says: {(info.content or info.value or '').strip()}"
    return ""


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
