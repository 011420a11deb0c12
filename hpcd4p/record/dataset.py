"""An HDF5 dataset that grows, and the dtypes in which HDF5 stores those of numpy.

This file keeps no values and knows nothing of columns.
"""

from __future__ import annotations

from typing import Any

CHUNK_BYTES = 1 << 17
"""Size of a chunk of many small values: large for a file system, small enough to waste little."""

MAX_CHUNK_BYTES = 1 << 26
"""A larger array is cut into chunks: HDF5 allows 4 GiB and reads a chunk as a whole."""


class Dataset:
    """A dataset that grows along its first axis, made at the first write; exact in size if that is the last.

    Parameters
    ----------
    shape
        Of one value.
    """

    def __init__(self, group: Any, name: str, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        self.count = 0
        self._group = group
        self._name = name
        self._dtype = dtype
        self._shape = shape
        self._made: Any = None

    def append(self, data: Any, last: bool) -> None:
        """Append an array of values; `last`: there will be no more, so no room for them is needed."""
        size = len(data)
        if self._made is None:
            self._make(size, last)
        elif size:
            self._made.resize(self.count + size, axis=0)
        if data.size:
            self._made[self.count : self.count + size] = data
        self.count += size

    def skip(self, size: int) -> None:
        """Append `size` zeros, which take no space."""
        if self._made is None:
            self._make(size, False)
        else:
            self._made.resize(self.count + size, axis=0)
        self.count += size

    @property
    def attrs(self) -> Any:
        """The attributes of the dataset, which is made if nothing was written."""
        if self._made is None:
            self._make(0, True)
        return self._made.attrs

    def _make(self, size: int, last: bool) -> None:
        shape = (size, *self._shape)
        if last:
            self._made = self._group.create_dataset(self._name, shape, dtype=self._dtype)
        else:
            chunks = chunk_shape(self._dtype.itemsize, self._shape)
            room = (None, *self._shape)
            self._made = self._group.create_dataset(
                self._name, shape, maxshape=room, chunks=chunks, dtype=self._dtype
            )


def chunk_shape(itemsize: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Give the chunk of a dataset of values of `shape`: many small ones, or a part of a huge one."""
    parts = [max(1, extent) for extent in shape]
    row = itemsize
    for extent in parts:
        row *= extent
    if row <= MAX_CHUNK_BYTES:
        return (max(1, CHUNK_BYTES // row), *parts)
    for axis, extent in enumerate(parts):  # the outer axes first: what is read together stays together
        rest = row // extent
        parts[axis] = max(1, min(extent, MAX_CHUNK_BYTES // rest))
        row = rest * parts[axis]
        if row <= MAX_CHUNK_BYTES:
            break
    return (1, *parts)


def stored_dtype(dtype: Any) -> Any:
    """Give the dtype in which HDF5 stores `dtype`; text (None, too) is UTF-8 of any length."""
    if dtype is None or dtype.kind == "U":
        import h5py

        return h5py.string_dtype()
    if dtype.kind in "mM":
        import numpy as np

        return np.dtype("i8")
    return dtype


def stored_array(array: Any) -> Any:
    """Give `array` in its `stored_dtype`."""
    if array.dtype.kind == "U":
        return array.astype("O")
    return array.astype("i8") if array.dtype.kind in "mM" else array
