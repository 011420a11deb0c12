"""Columns without columns in them: numbers, text, JSON, arrays, bytes, and nothing at all.

Each holds the values of one form (`form.py`). `columns.py` chooses which; `restore.py` reads them back.
This file must never pickle anything.
"""

from __future__ import annotations

from typing import Any

from hpcd4p.record import jsontext
from hpcd4p.record.dataset import Dataset, stored_array, stored_dtype
from hpcd4p.record.form import BOOL, COMPLEX, FLOAT, INT, Form, FormKind

MAX_DTYPE = 1000
"""Characters of the name of a dtype; an HDF5 attribute has little room, and long ones are for people."""

UNITS = {"_s": "s", "_bytes": "B"}
"""Unit of a column by the end of its name."""


class Variant:
    """Values of one form."""

    index = 0

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        self.form = form
        self.count = 0

    def write(self, values: list[Any], last: bool) -> None:
        """Append `values`, all of this form; `last`: there will be no more."""
        raise NotImplementedError

    def finish(self) -> None:
        """Write the attributes; once, at the end."""
        raise NotImplementedError

    def sign(self, attrs: Any, **more: Any) -> None:
        """Write the form, the number of values and `more`."""
        attrs["form"] = self.form.kind.value
        attrs["count"] = self.count
        for key, value in more.items():
            attrs[key] = value


class Nothing(Variant):
    """Values that are None: an empty group with their number."""

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        super().__init__(group, name, form, level)
        self._own = group.create_group(name)

    def write(self, values: list[Any], last: bool) -> None:
        """See `Variant.write`."""
        self.count += len(values)

    def finish(self) -> None:
        """See `Variant.finish`."""
        self.sign(self._own.attrs)


class Plain(Variant):
    """Numbers, text, JSON and stacked arrays: one dataset."""

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        super().__init__(group, name, form, level)
        import numpy as np

        self._numpy = np
        self._name = name
        self._inexact = 0
        dtype = {BOOL: "?", INT: "i8", FLOAT: "f8", COMPLEX: "c16"}.get(form)
        stored = stored_dtype(form.dtype) if dtype is None else np.dtype(dtype)
        self._dtype = stored
        self._data = Dataset(group, name, stored, form.shape)

    def write(self, values: list[Any], last: bool) -> None:
        """See `Variant.write`."""
        np = self._numpy
        kind = self.form.kind
        if kind is FormKind.JSON:
            texts = [jsontext.dumps(value) for value in values]
            self._inexact += sum(not exact for _, exact in texts)
            values = [text for text, _ in texts]
        if kind is FormKind.ARRAY:
            one = len(values) == 1  # perhaps a very large one: no copy
            data = np.asarray(values[0])[None] if one else np.stack([np.asarray(v) for v in values])
            data = stored_array(data)
        elif kind is FormKind.SCALAR:
            data = stored_array(np.array(values, dtype=self.form.dtype))
        elif kind in (FormKind.JSON, FormKind.TEXT):
            data = np.array(list(map(str, values)), dtype="O")
        else:
            data = np.array(values, dtype=self._dtype)
        self._data.append(data, last)
        self.count += len(values)

    def finish(self) -> None:
        """See `Variant.finish`."""
        more: dict[str, Any] = {}
        if self.form.dtype is not None:
            more["dtype"] = str(self.form.dtype)[:MAX_DTYPE]
        if self._inexact:
            more["repr_only"] = self._inexact
            more["note"] = "values that are neither HDF5 nor JSON: repr_only of them are kept as their repr"
        unit = next((u for end, u in UNITS.items() if self._name.endswith(end)), None)
        if unit and self.form.kind in (FormKind.INT, FormKind.FLOAT):
            more["unit"] = unit
        self.sign(self._data.attrs, **more)


class Ragged(Variant):
    """Arrays of one dtype with different shapes, and bytes: all items in a row, and where each begins."""

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        super().__init__(group, name, form, level)
        import numpy as np

        self._numpy = np
        self._own = group.create_group(name)
        self._ndim = 1 if form.kind is FormKind.BYTES else len(form.shape)
        dtype = np.dtype("u1") if form.kind is FormKind.BYTES else stored_dtype(form.dtype)
        self._data = Dataset(self._own, "data", dtype)
        self._offset = Dataset(self._own, "offset", np.dtype("i8"))
        self._shape = Dataset(self._own, "shape", np.dtype("i8"), (self._ndim,))

    def write(self, values: list[Any], last: bool) -> None:
        """See `Variant.write`."""
        np = self._numpy
        if self.form.kind is FormKind.BYTES:
            sizes = np.array([len(v) for v in values], "i8")
            shapes = sizes.reshape(-1, 1)
            data = np.frombuffer(b"".join(values), "u1")
        else:
            sizes = np.array([v.size for v in values], "i8")
            shapes = np.array([v.shape for v in values], "i8").reshape(len(values), self._ndim)
            data = stored_array(np.concatenate([np.asarray(v).ravel() for v in values]))
        ends = np.cumsum(sizes) + self._data.count
        self._data.append(data, last)
        self._offset.append(ends - sizes, last)
        self._shape.append(shapes, last)
        self.count += len(values)

    def finish(self) -> None:
        """See `Variant.finish`."""
        more = {} if self.form.dtype is None else {"dtype": str(self.form.dtype)[:MAX_DTYPE]}
        self.sign(self._own.attrs, layout="value i: data[offset[i]:][:product of shape[i]]", **more)
