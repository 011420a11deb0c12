"""Tables in a HDF5 file: a group with one dataset for each field, with its unit; written and read.

Imports numpy only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.record.library import load_h5py

if TYPE_CHECKING:
    import numpy as np

    Table = np.ndarray[Any, np.dtype[Any]]

COMPRESSED = 4096
"""Numbers above which a dataset is compressed: half an hour of looks goes from 1.7 MB to a fifth."""

TEXT = ""
"""In the place of a type."""

Columns = dict[str, tuple[str, str]]
"""Type and unit of each field, in its order."""


def write_rows(group: Any, rows: Sequence[tuple[Any, ...]], columns: Columns) -> None:
    """Write one dataset for each field of `rows`."""
    import numpy as np

    for i, (name, (dtype, unit)) in enumerate(columns.items()):
        if dtype == TEXT:
            write_text(group, name, [row[i] for row in rows])
        else:
            write(group, name, np.array([row[i] for row in rows], dtype), unit)


def write(group: Any, name: str, data: Table, unit: str) -> None:
    """Write numbers."""
    packed = {"compression": "gzip", "shuffle": True} if data.size > COMPRESSED else {}
    group.create_dataset(name, data=data, **packed).attrs["unit"] = unit


def write_text(group: Any, name: str, texts: str | list[str]) -> None:
    """Write one text, or several padded to one length, for only those can be compressed."""
    import numpy as np

    data = _storable(texts) if isinstance(texts, str) else list(map(_storable, texts))
    longest = max([1, len(data)] if isinstance(data, bytes) else [1, *map(len, data)])
    array = np.array(data, load_h5py().string_dtype("utf-8", longest))
    packed = {"compression": "gzip"} if array.ndim and array.nbytes > COMPRESSED else {}
    group.create_dataset(name, data=array, **packed)


def _storable(text: str) -> bytes:
    """`text` in a form that HDF5 can store."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace")


def read_rows(group: Any, columns: Columns) -> Iterator[Any]:
    """Give the rows that `write_rows` wrote, as tuples."""
    values = [
        map(str, group[name].asstr()[:]) if dtype == TEXT else group[name][:].tolist()
        for name, (dtype, _) in columns.items()
    ]
    return zip(*values, strict=True)
