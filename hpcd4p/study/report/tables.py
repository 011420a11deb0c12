"""A table as Markdown, LaTeX and HTML. Pure text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "–": "--", "…": r"\ldots{}", "σ": r"$\sigma$", "κ": r"$\kappa$", "÷": r"$\div$", "×": r"$\times$",
}  # fmt: skip


@dataclass
class Table:
    """Cells of text under a head.

    Attributes
    ----------
    name : str
        Of its files.
    caption : str
    head : list[str]
    rows : list[list[str]]
    text_columns : int
        So many columns from the left are words; the others are numbers, and stand at the right.
    words_last : bool
        The last column is words, too.
    foot : int
        So many rows at the end are set apart: means.
    note : str
        A sentence below.
    """

    name: str
    caption: str
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)
    text_columns: int = 1
    words_last: bool = False
    foot: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        self.name = file_name(self.name)

    def is_words(self, column: int) -> bool:
        """Whether a column is words, and stands at the left."""
        return column < self.text_columns or (self.words_last and column == len(self.head) - 1)

    def markdown(self) -> str:
        """Give it as a Markdown table with its caption."""
        head, *rows = ([_md(cell) for cell in row] for row in [self.head, *self.rows])
        widths = [max(3, *(len(r[i]) for r in [head, *rows])) for i in range(len(head))]
        rule = ["-" * w if self.is_words(i) else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
        lines = [self._md_line(row, widths) for row in (head, rule, *rows)]
        return "\n".join(
            [f"**{_md(self.caption)}**", "", *lines, *(["", self.note] if self.note else []), ""]
        )

    def _md_line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        sized = enumerate(zip(row, widths, strict=True))
        return f"| {' | '.join(c.ljust(w) if self.is_words(i) else c.rjust(w) for i, (c, w) in sized)} |"

    def latex(self) -> str:
        """Give it as a LaTeX table; it needs the package booktabs."""
        form = "".join("l" if self.is_words(i) else "r" for i in range(len(self.head)))
        body = [_tex_line(row) for row in self.rows]
        if self.foot:
            body.insert(len(body) - self.foot, r"\midrule")
        return "\n".join(
            [
                r"% needs \usepackage{booktabs}",
                r"\begin{table}",
                r"  \centering",
                rf"  \caption{{{_tex(self.caption)}{'. ' + _tex(self.note) if self.note else ''}}}",
                rf"  \label{{tab:{self.name}}}",
                rf"  \begin{{tabular}}{{{form}}}",
                r"    \toprule",
                f"    {_tex_line(self.head)}",
                r"    \midrule",
                *(f"    {line}" for line in body),
                r"    \bottomrule",
                r"  \end{tabular}",
                r"\end{table}",
                "",
            ]
        )

    def html(self) -> str:
        """Give it as an HTML table."""
        head = self._html_row(self.head, "th")
        cut = len(self.rows) - self.foot
        body = "\n".join(self._html_row(row, "td") for row in self.rows[:cut])
        foot = "\n".join(self._html_row(row, "td") for row in self.rows[cut:])
        return (
            f'<div class="table"><table>\n<caption>{html.escape(self.caption)}</caption>\n'
            f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n"
            + (f"<tfoot>\n{foot}\n</tfoot>\n" if foot else "")
            + "</table>"
            + (f'\n<p class="note">{html.escape(self.note)}</p>' if self.note else "")
            + "</div>"
        )

    def _html_row(self, row: Sequence[str], tag: str) -> str:
        kinds = [' class="words"' if self.is_words(i) else "" for i in range(len(row))]
        cells = (f"<{tag}{kind}>{html.escape(c)}</{tag}>" for kind, c in zip(kinds, row, strict=True))
        return f"<tr>{''.join(cells)}</tr>"


def file_name(text: str) -> str:
    """Give `text` as part of the name of a file, and of a label of LaTeX."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text)


def _md(text: str) -> str:
    return re.sub(r"([|*\\`])", r"\\\1", " ".join(text.split()))


def _tex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _tex_line(row: Sequence[str]) -> str:
    return " & ".join(map(_tex, row)) + r" \\"
