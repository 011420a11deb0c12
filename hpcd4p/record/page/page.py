"""A page from its parts: it holds all that it shows, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hpcd4p.record.page.markup import Child, Markup, joined, tag
from hpcd4p.record.page.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The browser is told, too, that nothing is to be fetched or run."""


class Section(NamedTuple):
    """A part of the page under a heading; without children it is left out."""

    heading: str
    children: Sequence[Child]


class Badge(NamedTuple):
    """How it stands, in a word or two."""

    words: str
    kind: str
    """A class of the style: good, bad or going."""


def page(
    title: str,
    badge: Badge,
    about: str,
    sections: Iterable[Section],
    foot: str,
    refresh_s: int | None = None,
) -> str:
    """The whole page; `refresh_s`: the browser loads it again after so many seconds."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Markup(f'<meta http-equiv="refresh" content="{refresh_s:d}">') if refresh_s else None,
        tag("title", f"{title}: {badge.words}"),
        tag("style", Markup(STYLE)),
    )
    parts = [
        tag("section", tag("h2", each.heading) if each.heading else None, *each.children)
        for each in sections
        if any(child is not None for child in each.children)
    ]
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", title, tag("span", badge.words, class_=f"badge {badge.kind}")),
            tag("p", about, class_="soft"),
        ),
        tag("main", *parts),
        tag("footer", tag("p", foot, class_="soft")),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def tiles(facts: Iterable[tuple[str, str]]) -> Markup:
    """Figures with what they are."""
    made = [tag("div", tag("b", value), tag("span", name), class_="tile") for name, value in facts if value]
    return tag("div", *made, class_="tiles")


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    words: int = 1,
    caption: str = "",
    last: bool = False,
) -> Markup | None:
    """A table, None without rows; the first `words` columns, and with `last` the last one, are text."""
    if not rows:
        return None

    def kind(at: int) -> str | None:
        if last and at == len(head) - 1:
            return "words wide"
        return "words" if at < words else None

    top = tag("tr", *(tag("th", name, scope="col", class_=kind(at)) for at, name in enumerate(head)))
    body = [tag("tr", *(tag("td", cell, class_=kind(at)) for at, cell in enumerate(row))) for row in rows]
    made = tag("table", tag("caption", caption) if caption else None, tag("thead", top), tag("tbody", *body))
    return tag("div", made, class_="scroll")


def figure(drawing: Markup, *caption: Child) -> Markup:
    """A drawing with words below it."""
    return tag("figure", tag("div", drawing, class_="scroll"), tag("figcaption", *caption))


def keys(*known: tuple[str, str]) -> Markup:
    """What colours stand for: classes of the style, and words."""
    return joined([joined([tag("span", class_=f"key {kind}"), words]) for kind, words in known])


def folded(summary: str, *children: Child) -> Markup:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", summary), *children)
