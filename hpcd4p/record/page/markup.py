"""Tags of HTML and SVG. What is no `Markup` is text: whatever a user's name or error holds, it stays text."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Markup(str):
    """Text that is HTML already; made here, of text that was escaped."""

    __slots__ = ()


Child = str | Markup | None

LEAST_WIDE = 560.0
"""Pixels of a drawing that are left on a narrow page: it is moved there, and not made smaller."""


def text(value: object) -> Markup:
    """Anything as text: what no page may hold (zero bytes, halves of surrogate pairs) is replaced."""
    plain = str(value).encode("utf-8", "backslashreplace").decode()
    kept = "".join(c if c >= " " or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in plain)
    return Markup(html.escape(kept, quote=True))


def tag(name: str, *children: Child, **attributes: object) -> Markup:
    """An element with its children; None among them is left out.

    An underscore at the end of an attribute's name is dropped (`class_`), those inside become hyphens.

    Examples
    --------
    >>> tag("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Children one after the other."""
    return Markup("".join(c if isinstance(c, Markup) else text(c) for c in children if c is not None))


def svg(width: float, height: float, title: str, *children: Child, class_: str = "") -> Markup:
    """A drawing of that size, in pixels at most: it shrinks with the page, as long as it can be read."""
    return tag(
        "svg",
        tag("title", title),
        *children,
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        style=f"max-width:{width:.0f}px;min-width:{min(width, LEAST_WIDE):.0f}px",
        role="img",
        aria_label=title,
        class_=class_ or None,
    )


def label(x: float, y: float, words: object, class_: str = "", anchor: str | None = None) -> Markup:
    """Words in a drawing."""
    return tag("text", str(words), x=x, y=y, class_=class_ or None, text_anchor=anchor)


def _number(value: object) -> object:
    """Numbers of a drawing are as exact as a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
