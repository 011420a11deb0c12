"""Columns of an HDF5 file: any stream of Python values as typed datasets that grow.

A column is one dataset, or a group of columns (the fields of a row, the items of lists). When a value of
another form comes, the column gets a variant beside it (``name~1``, ``name~2``...) and a dataset
``name~which`` that says for each value in turn where it is: so the order and the types of all values are
kept, and the common case, one form, stays one plain dataset. `restore.py` reads this back.

This file keeps no values: they are handed to HDF5 at once. It must never pickle anything.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import Any

from hpcd4p.record import jsontext
from hpcd4p.record.dataset import Dataset
from hpcd4p.record.form import JSON, ROWS, SEQUENCES, Form, FormKind, batch_form, form_of
from hpcd4p.record.leaves import Nothing, Plain, Ragged, Variant

MAX_VARIANTS = 16
"""Forms of one column; values of any further form become JSON, for each costs a dataset."""

MAX_ROWS = 4
"""Variants of one kind of row; dicts with ever changing keys become (key, value) pairs instead."""

MAX_LEVELS = 6
"""Nesting of columns; what is deeper becomes JSON."""


def link_name(name: str) -> str:
    """Give `name` as a valid and unique name of an HDF5 link."""
    for char in "%/~\0":
        name = name.replace(char, f"%{ord(char):02X}")
    if set(name) == {"."}:
        name = name.replace(".", "%2E")
    return name.encode("utf-8", "backslashreplace").decode() or "%"


def say_order(column: Any, but: str | None) -> None:
    """Say beside an output whether its values are in the order of one process.

    Parameters
    ----------
    column
        The dataset or group.
    but
        Why they have no one order although they left in order; None: they did not.
    """
    column.attrs["ordered"] = but == ""
    if but:
        column.attrs["no_one_order"] = but


class Column:
    """A named place in `group` that takes values of any kind.

    Parameters
    ----------
    group
        The h5py group that gets the datasets.
    name
        Name of the dataset, as HDF5 takes it.
    """

    def __init__(self, group: Any, name: str, level: int = 0) -> None:
        self.count = 0
        self._group = group
        self._name = name
        self._level = level
        self._variants: dict[Form, Variant] = {}
        self._order: list[Variant] = []
        self._which: Dataset | None = None

    def write(self, values: list[Any], last: bool = False) -> None:
        """Append `values`; `last`: there will be no more, so no room for them is needed."""
        if not values:
            return
        form = batch_form(values)
        if form is None:
            forms = [form_of(value) for value in values]
            distinct = dict.fromkeys(forms)
            form = forms[0] if len(distinct) == 1 else None
        if form is not None:
            variant = self._variant(form)
            variant.write(values, last)
            self._mark(variant.index, len(values), last)
        else:
            self._write_mixed(values, [self._variant(f) for f in forms], last)
        self.count += len(values)

    def finish(self) -> None:
        """Write the counts; call once, at the end."""
        for variant in self._order:
            variant.finish()

    def _write_mixed(self, values: list[Any], variants: list[Variant], last: bool) -> None:
        for variant in dict.fromkeys(variants):
            variant.write([v for v, own in zip(values, variants, strict=True) if own is variant], last)
        self._mark([v.index for v in variants], len(values), last)

    def _mark(self, which: int | list[int], size: int, last: bool) -> None:
        """Note which variants the next `size` values went to; nothing while there is one variant."""
        if len(self._order) < 2:
            return
        import numpy as np

        if self._which is None:
            self._which = Dataset(self._group, f"{self._name}~which", np.dtype("u1"))
            self._which.skip(self.count)  # zeros: all of them went to the first
        codes = np.full(size, which, "u1") if isinstance(which, int) else np.array(which, "u1")
        self._which.append(codes, last)

    def _variant(self, form: Form) -> Variant:
        variant = self._variants.get(form)
        if variant is None:
            shared = self._settle(form)
            variant = self._variants.get(shared)
            if variant is None:
                index = len(self._order)
                name = f"{self._name}~{index}" if index else self._name
                variant = self._variants[shared] = _VARIANTS[shared.kind](
                    self._group, name, shared, self._level
                )
                variant.index = index
                self._order.append(variant)
            # that a form is stored as another one is remembered only while there are few such forms
            if len(self._variants) < 10 * MAX_VARIANTS:
                self._variants[form] = variant
        return variant

    def _settle(self, form: Form) -> Form:
        """Give the form as which `form` is stored, given what the column holds already."""
        kinds = [v.form.kind for v in self._order]
        if self._level >= MAX_LEVELS and (form.kind in ROWS or form.kind in SEQUENCES):
            return JSON
        if form.kind is FormKind.ARRAY and (0 in form.shape or self._stacks(form)):
            form = Form(FormKind.RAGGED, dtype=form.dtype, shape=(0,) * len(form.shape))
        elif form.kind is FormKind.TUPLE and FormKind.TUPLE in kinds:
            form = Form(FormKind.TUPLES)
        elif form.kind is FormKind.DICT and kinds.count(FormKind.DICT) >= MAX_ROWS:
            form = Form(FormKind.ITEMS)
        full = len(self._order) >= MAX_VARIANTS - 1  # the last place is for JSON
        return JSON if full and form not in self._variants else form

    def _stacks(self, form: Form) -> bool:
        """Whether arrays of this dtype, but of another shape, are stacked already."""
        return any(
            v.form.kind is FormKind.ARRAY
            and v.form.dtype == form.dtype
            and len(v.form.shape) == len(form.shape)
            for v in self._order
        )


class _Rows(Variant):
    """Tuples, named tuples, dicts and data classes: one column per field."""

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        super().__init__(group, name, form, level)
        self._own = group.create_group(name)
        self._columns = [Column(self._own, link_name(field), level + 1) for field in form.names]

    def write(self, values: list[Any], last: bool) -> None:
        kind = self.form.kind
        for i, (field, column) in enumerate(zip(self.form.names, self._columns, strict=True)):
            get: Any = {FormKind.DICT: itemgetter(field), FormKind.DATACLASS: attrgetter(field)}.get(
                kind, itemgetter(i)
            )
            column.write(list(map(get, values)), last)
        self.count += len(values)

    def finish(self) -> None:
        for column in self._columns:
            column.finish()
        names = jsontext.dumps(list(self.form.names))[0]
        more = {"type_name": self.form.type_name} if self.form.type_name else {}
        self.sign(self._own.attrs, fields=names, **more)


class _Sequences(Variant):
    """Lists, tuples of many lengths, sets, dicts of many keys: lengths, and a column of all items."""

    def __init__(self, group: Any, name: str, form: Form, level: int) -> None:
        super().__init__(group, name, form, level)
        import numpy as np

        self._numpy = np
        self._own = group.create_group(name)
        self._length = Dataset(self._own, "length", np.dtype("i8"))
        self._items = Column(self._own, "items", level + 1)

    def write(self, values: list[Any], last: bool) -> None:
        if self.form.kind is FormKind.ITEMS:
            values = [list(v.items()) for v in values]
        self._length.append(self._numpy.array(list(map(len, values)), "i8"), last)
        self._items.write([item for value in values for item in value], last)
        self.count += len(values)

    def finish(self) -> None:
        self._items.finish()
        self.sign(self._own.attrs, layout="value i: the next length[i] of items")


_VARIANTS: dict[FormKind, type[Variant]] = {
    FormKind.NONE: Nothing,
    **dict.fromkeys(
        (FormKind.BOOL, FormKind.INT, FormKind.FLOAT, FormKind.COMPLEX, FormKind.TEXT, FormKind.JSON), Plain
    ),
    **dict.fromkeys((FormKind.ARRAY, FormKind.SCALAR), Plain),
    **dict.fromkeys((FormKind.RAGGED, FormKind.BYTES), Ragged),
    **dict.fromkeys(ROWS, _Rows),
    **dict.fromkeys(SEQUENCES, _Sequences),
}
