"""Answers of runs, as multisets that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Multiset = Counter[tuple[str, Any]]


def multiset(sequences: Mapping[str, Iterable[Any]]) -> Multiset:
    """What is in them, whatever its order."""
    return Counter((name, value) for name, values in sequences.items() for value in values)


def missing_and_extra(expected: Multiset, found: Multiset, most: int = 5) -> str:
    """In which tuples two multisets differ; empty if in none."""
    parts = []
    for word, rest in (("missing", expected - found), ("extra", found - expected)):
        if rest:
            parts.append(f"{rest.total()} {word}, such as {rest.most_common(most)}")
    return "; ".join(parts)


def plain(value: Any) -> Any:
    """A tuple of a workflow as something that can be counted, equal where the tuples are."""
    if isinstance(value, dict):
        return ("dict", frozenset((plain(k), plain(v)) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(plain(v) for v in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(plain(v) for v in value)
    if hasattr(value, "tobytes") and getattr(value, "shape", None):
        return ("array", str(value.dtype), value.shape, value.tobytes())
    return value.item() if hasattr(value, "dtype") else value
