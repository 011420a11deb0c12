"""The page of a report: one HTML file that needs nothing else, on the screen and on paper. Pure text."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcd4p.study.report.figures import Picture
from hpcd4p.study.report.tables import Table

EMBEDDED = ("svg", "png")
"""Kinds of picture that a page can hold; the first of them that was drawn is taken."""

_TYPES = {"svg": "image/svg+xml", "png": "image/png"}

_FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"
"""Verdana is as wide as DejaVu Sans, with which the figures were laid out."""

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 'Helvetica Neue', Arial, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #ccc; padding-bottom: .2rem; }
p.about { color: #555; margin: 0 0 1rem; }
.says { background: #f3f6f9; border-left: 4px solid #0072B2; padding: .8rem 1.1rem; margin: 1rem 0; }
.says h2 { border: 0; margin: 0 0 .3rem; padding: 0; }
.says p { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
.figures { orphans: 1; widows: 1; }
figcaption { orphans: 3; widows: 3; }
figure { display: inline-block; width: 48%; margin: 0 1% 1.4rem 0; vertical-align: top; break-inside: avoid; }
figure.wide { width: 100%; margin-right: 0; }
figure img { width: 100%; height: auto; display: block; }
figcaption { font-size: .82rem; color: #333; margin-top: .3rem; }
figcaption b { color: #000; }
.files { color: #777; }
.table { overflow-x: auto; margin: 1rem 0 1.6rem; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding-bottom: .35rem; }
th, td { padding: .18rem .7rem; text-align: right; white-space: nowrap; }
th.words, td.words { text-align: left; white-space: normal; }
thead th { border-top: 2px solid #000; border-bottom: 1px solid #000; }
tbody tr:last-child td, tfoot tr:last-child td { border-bottom: 2px solid #000; }
tfoot tr:first-child td { border-top: 1px solid #999; }
p.note { font-size: .8rem; color: #555; margin: .3rem 0 0; }
pre { background: #f6f6f6; padding: .7rem .9rem; font-size: .8rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
details summary { cursor: pointer; color: #0072B2; }
@media (max-width: 46rem) { figure { width: 100%; } }
@media print { body { font-size: 10pt; max-width: none; margin: 0; padding: 0; } .files { display: none; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  .table { overflow: visible; } table { font-size: 7.5pt; }
  th, td { padding: .1rem .4rem; white-space: normal; } pre { font-size: 7.5pt; } }
@page { margin: 15mm; }
"""


@dataclass
class Page:
    """What stands on the page, in this order; empty parts are left out.

    Attributes
    ----------
    facts : list[tuple[str, str]]
        What was run: names and values.
    pictures : list[tuple[str, list[Picture]]]
        Figures under headings.
    notes : list[str]
        What is missing, and why.
    again : str
        The command that makes the study again.
    origin : list[tuple[str, str]]
        Commit, environment, hosts, dates.
    config : dict[str, Any]
        The resolved study.
    files : str
        Folder of the figures' and tables' files, as it is seen from the page; empty for none.
    """

    title: str
    about: str
    says: list[str]
    facts: list[tuple[str, str]]
    pictures: list[tuple[str, list[Picture]]] = field(default_factory=list)
    tables: list[tuple[str, list[Table]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    again: str = ""
    origin: list[tuple[str, str]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    files: str = ""

    def html(self) -> str:
        """Give the page."""
        title = html.escape(self.title)
        parts = [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n",
            f'<header>\n<h1>{title}</h1>\n<p class="about">{html.escape(self.about)}</p>\n'
            f"{_list(self.facts)}</header>\n",
            '<section class="says">\n<h2>What it says</h2>\n'
            f"<p>{html.escape(' '.join(self.says))}</p>\n</section>\n",
            *self._pictures(),
            *self._tables(),
        ]
        if self.notes:
            notes = "\n".join(f"<li>{html.escape(n)}</li>" for n in self.notes)
            parts.append(f"<section>\n<h2>Left out</h2>\n<ul>\n{notes}\n</ul>\n</section>\n")
        parts += [self._again(), "</body>\n</html>\n"]
        return "".join(parts)

    def _pictures(self) -> list[str]:
        parts, number = [], 0
        for heading, pictures in self.pictures:
            if not pictures:
                continue
            figures = []
            for picture in pictures:
                number += 1
                figures.append(_figure(picture, number, self.files))
            parts.append(
                f'<section>\n<h2>{html.escape(heading)}</h2>\n<div class="figures">\n'
                f"{''.join(figures)}</div>\n</section>\n"
            )
        return parts

    def _tables(self) -> list[str]:
        return [
            f"<section>\n<h2>{html.escape(heading)}</h2>\n"
            + "\n".join(t.html() for t in tables)
            + "\n</section>\n"
            for heading, tables in self.tables
            if tables
        ]

    def _again(self) -> str:
        config = html.escape(json.dumps(self.config, indent=2, ensure_ascii=False, default=str))
        return (
            "<section>\n<h2>How to reproduce</h2>\n"
            + (f"<pre>{html.escape(self.again)}</pre>\n" if self.again else "")
            + _list(self.origin)
            + (
                f"<details>\n<summary>The study, resolved</summary>\n<pre>{config}</pre>\n</details>\n"
                if self.config
                else ""
            )
            + "</section>\n"
        )


def _list(pairs: Sequence[tuple[str, str]]) -> str:
    rows = "\n".join(f"<dt>{html.escape(n)}</dt><dd>{html.escape(v)}</dd>" for n, v in pairs if v)
    return f"<dl>\n{rows}\n</dl>\n" if rows else ""


def _figure(picture: Picture, number: int, folder: str) -> str:
    kind = next(k for k in EMBEDDED if k in picture.files)
    data = picture.files[kind]
    if kind == "svg":
        data = data.replace(b"'DejaVu Sans'", _FONTS.encode())
    source = f"data:{_TYPES[kind]};base64,{base64.b64encode(data).decode()}"
    names = ", ".join(f"{folder}{picture.name}.{k}" for k in picture.files)
    wide = ' class="wide"' if picture.wide else ""
    return (
        f'<figure{wide} id="{html.escape(picture.name)}">\n'
        f'<img alt="{html.escape(picture.caption)}" src="{source}">\n'
        f"<figcaption><b>Figure {number}.</b> {html.escape(picture.caption)} "
        f'<span class="files">{html.escape(names)}</span></figcaption>\n</figure>\n'
    )
