"""The default workflow: a concordance of the source files of Python's standard library, or of any folder.

List files → read and tokenise → count per word (keyed), figures of each file as arrays → top words, totals::

    list_files ── tokenise ─┬─ count_words ── top_words
                            └─ measure ────── totals

A *word* is a run of letters, digits and underscores that begins with a letter; upper and lower case count as
one. Every rank imports this module, so it imports little; numpy is imported by the element that uses it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hpcd4p import GenericPE, IterativePE, KeyedPE, ProducerPE, WorkflowGraph, table
from hpcd4p.workflows.common import folder, rows, whole

if TYPE_CHECKING:
    import argparse

WORD = re.compile(r"[^\W\d_]\w*")

LONGEST_LINE = 200
"""Lines of this length and longer share the last place of the histogram."""

SKIPPED_FOLDERS = frozenset({"__pycache__", "site-packages", "dist-packages"})

TEXT_PROBE_BYTES = 8192
"""A file with a null byte among its first bytes is no text; git looks at about as many."""


class ListFiles(ProducerPE):
    """Writes the path of each text file below a folder, relative to it, in order of name.

    Parameters
    ----------
    folder
        Where to look. Hidden and installed-package folders, and links to folders, are left out.
    suffix
        How names must end; empty for all text files.
    """

    def __init__(self, folder: str, suffix: str = "") -> None:
        super().__init__()
        self.name = "list_files"
        self.folder = folder
        self.suffix = suffix

    def _process(self, inputs: dict[str, Any]) -> None:
        for path in self._paths():
            self.write(self.OUTPUT_NAME, path)

    def _paths(self) -> Iterator[str]:
        for here, folders, files in os.walk(self.folder):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("."))
            for name in sorted(files):
                path = os.path.join(here, name)
                if name.endswith(self.suffix) and not name.startswith(".") and _is_text(path):
                    yield os.path.relpath(path, self.folder)


def _is_text(path: str) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return b"\0" not in file.read(TEXT_PROBE_BYTES)
    except OSError:
        return True  # let the reader meet the error, so that it is told and counted


class Tokenise(GenericPE):
    """Reads a file; writes ``(word, (count, path, first line))`` for each of its words, and its figures.

    The figures are ``(path, bytes, words, lengths of its lines)``.
    """

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.name = "tokenise"
        self.folder = folder
        self._add_input("input")
        self._add_output("words")
        self._add_output("figures")

    def process(self, inputs: dict[str, Any]) -> None:
        """Read one file."""
        path = inputs["input"]
        with open(os.path.join(self.folder, path), "rb") as file:
            raw = file.read()
        # split as bytes: a str would also be split at form feeds and the like, which editors do not count
        lines = [line.decode("utf-8", "replace") for line in raw.splitlines()]
        counts: Counter[str] = Counter()
        first_line: dict[str, int] = {}
        for number, line in enumerate(lines, 1):
            words = WORD.findall(line.lower())
            counts.update(words)
            for word in words:
                if word not in first_line:
                    first_line[word] = number
        for word, count in counts.items():
            self.write("words", (word, (count, path, first_line[word])))
        self.write("figures", (path, len(raw), counts.total(), [len(line) for line in lines]))


class CountWords(KeyedPE):
    """State per word: occurrences, files that have it, and the first place in order of path."""

    key = 0
    value = 1
    partitions = 16
    ordered = False  # sums, and the least of all places

    def __init__(self) -> None:
        super().__init__()
        self.name = "count_words"
        self._add_output("concordance")

    def process_key(self, key: Any, value: Any, state: Any) -> Any:
        """Add what one file says of a word."""
        count, path, line = value
        if state is None:
            return count, 1, path, line
        total, files, *first = state
        return total + count, files + 1, *min((path, line), tuple(first))

    def end_key(self, key: Any, state: Any) -> None:
        """Write the line of the concordance for a word, and send it to the ranking."""
        row = (key, *state)
        self.write("concordance", row)
        self.write(self.OUTPUT_NAME, row)


class TopWords(GenericPE):
    """Keeps the most frequent words, equal ones in order of the alphabet; writes them at the end."""

    ordered = False

    def __init__(self, top: int) -> None:
        super().__init__()
        self.name = "top_words"
        self.top = top
        self.best: list[tuple[Any, ...]] = []
        self.distinct = 0
        self.occurrences = 0
        self._add_input("input", grouping="global")
        self._add_output("top")
        self._add_output("vocabulary")

    def process(self, inputs: dict[str, Any]) -> None:
        """Consider one word."""
        row = inputs["input"]
        self.distinct += 1
        self.occurrences += row[1]
        self.best.append(row)
        if len(self.best) > 100 * self.top:  # seldom, so that sorting costs little per word
            self._cut()

    def _cut(self) -> None:
        self.best.sort(key=lambda row: (-row[1], row[0]))
        del self.best[self.top :]

    def _postprocess(self) -> None:
        self._cut()
        for row in self.best:
            self.write("top", row)
        self.write("vocabulary", {"distinct": self.distinct, "occurrences": self.occurrences})


class Measure(IterativePE):
    """Figures of a file → ``(bytes, lines, words)`` and the histogram of line lengths, as one array."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "measure"

    def _process(self, figures: Any) -> Any:
        import numpy as np

        _, size, words, lengths = figures
        clipped = np.minimum(np.asarray(lengths, dtype=np.int64), LONGEST_LINE)
        histogram = np.bincount(clipped, minlength=LONGEST_LINE + 1)
        return np.concatenate([np.array([size, len(lengths), words]), histogram])


class Totals(GenericPE):
    """Sums the figures of all files; writes them, and the histogram of line lengths, at the end."""

    ordered = False  # whole numbers

    def __init__(self) -> None:
        super().__init__()
        self.name = "totals"
        self.files = 0
        self.sum: Any = None
        self._add_input("input", grouping="global")
        self._add_output("totals")
        self._add_output("line_lengths")

    def process(self, inputs: dict[str, Any]) -> None:
        """Add one file."""
        figures = inputs["input"]
        self.files += 1
        self.sum = figures.copy() if self.sum is None else self.sum + figures

    def _postprocess(self) -> None:
        size, lines, words = (0, 0, 0) if self.sum is None else map(int, self.sum[:3])
        self.write("totals", {"files": self.files, "bytes": size, "lines": lines, "words": words})
        if self.sum is not None:
            self.write("line_lengths", self.sum[3:])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this workflow, given after its name."""
    parser.add_argument(
        "--input",
        type=folder,
        metavar="FOLDER",
        help="text files to read (default: the sources of Python's library)",
    )
    parser.add_argument(
        "--top", type=whole(1, 10_000), default=20, metavar="N", help="words to show (default: 20)"
    )


def build(options: Any) -> WorkflowGraph:
    """Graph for `options` (``input``: folder or None; ``top``: number of words)."""
    where, suffix = options.input, ""
    if where is None:
        from sysconfig import get_path

        where, suffix = get_path("stdlib"), ".py"
    files, tokens, words, top = (
        ListFiles(where, suffix),
        Tokenise(where),
        CountWords(),
        TopWords(options.top),
    )
    measure, totals = Measure(), Totals()
    graph = WorkflowGraph()
    graph.name = "concordance"
    graph.connect(files, "output", tokens, "input")
    graph.connect(tokens, "words", words, "input")
    graph.connect(words, "output", top, "input")
    graph.connect(tokens, "figures", measure, "input")
    graph.connect(measure, "output", totals, "input")
    return graph


def present(summary: Any, outputs: dict[str, list[Any]]) -> str:
    """What the run has found, in words."""
    totals = rows(outputs, "totals")
    vocabulary = rows(outputs, "vocabulary")
    if not totals or not vocabulary:
        return ""
    t, v = totals[0], vocabulary[0]
    headline = (
        f"{t['files']:,} files, {t['lines']:,} lines, {_size(t['bytes'])}: "
        f"{v['occurrences']:,} words, {v['distinct']:,} of them different"
    )
    lines = [
        (word, f"{path}:{line}", f"{n:,}", f"{files:,}")
        for word, n, files, path, line in rows(outputs, "top")
    ]
    return "\n".join(
        [headline, *(table(("word", "first in", "times", "files"), lines, left=2) if lines else [])]
    )


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1_000_000 else f"{count:,} bytes"
