"""Tables as Markdown, LaTeX and HTML."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from hpcd4p.study.report.compare import Interval, Ratio
from hpcd4p.study.report.contents import number, ratio_text
from hpcd4p.study.report.tables import Table

TABLE = Table(
    "ratios", "Run time & more", ["policy", "ranks", "ratio"],
    [["knee_1", "4", "0.868 [0.851, 0.902]"], ["a|b", "16", "1.2"], ["knee_1", "all", "0.9"]], foot=1,
    note="n = 5.",
)  # fmt: skip


def test_markdown():
    assert TABLE.markdown() == (
        "**Run time & more**\n\n"
        "| policy | ranks |                ratio |\n"
        "| ------ | ----: | -------------------: |\n"
        "| knee_1 |     4 | 0.868 [0.851, 0.902] |\n"
        "| a\\|b   |    16 |                  1.2 |\n"
        "| knee_1 |   all |                  0.9 |\n\n"
        "n = 5.\n"
    )


def test_latex():
    assert (
        TABLE.latex()
        == r"""% needs \usepackage{booktabs}
\begin{table}
  \centering
  \caption{Run time \& more. n = 5.}
  \label{tab:ratios}
  \begin{tabular}{lrr}
    \toprule
    policy & ranks & ratio \\
    \midrule
    knee\_1 & 4 & 0.868 [0.851, 0.902] \\
    a|b & 16 & 1.2 \\
    \midrule
    knee\_1 & all & 0.9 \\
    \bottomrule
  \end{tabular}
\end{table}
"""
    )


def test_html_escapes_and_sets_means_apart():
    text = Table("t", "<b>", ["a", "b"], [["<i>", "1"], ["x", "2"]], foot=1).html()
    assert "<b>" not in text
    assert "&lt;i&gt;" in text
    assert text.index("<tfoot>") > text.index("&lt;i&gt;")

    class Cells(HTMLParser):
        found = 0

        def handle_starttag(self, tag, attrs):
            self.found += tag in ("td", "th")

    parser = Cells()
    parser.feed(text)
    assert parser.found == 6


def test_words_that_latex_would_take_for_orders_are_escaped():
    text = Table("t", "c", ["a"], [[r"50% of $x_1 {y} ~ #2 \z ^ <σ"]]).latex()
    line = next(row for row in text.splitlines() if "50" in row)
    assert line.strip() == (
        r"50\% of \$x\_1 \{y\} \textasciitilde{} \#2 \textbackslash{}z \textasciicircum{} "
        r"\textless{}$\sigma$ \\"
    )


def test_a_table_without_rows_is_a_table():
    empty = Table("t", "c", ["a", "b"])
    assert empty.markdown().count("\n") == 4
    assert r"\midrule" in empty.latex()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.01234, "0.0123"), (1.0, "1.00"), (12.345, "12.3"), (123.4, "123"),
        (12345.6, "12,346"), (float("nan"), "–"), (1.23e-12, "1.23e-12"), (0.9999, "1.00"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_a_ratio_says_its_interval_or_none():
    assert ratio_text(Ratio(0.8684, Interval(0.85, 0.9), 5, 5)) == "0.868 [0.850, 0.900]"
    assert ratio_text(Ratio(0.8684, None, 2, 5)) == "0.868"
    assert ratio_text(Ratio(float("nan"), None, 0, 0)) == "–"
