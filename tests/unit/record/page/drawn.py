"""What a drawing or a page holds, read as XML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

VOID = {"meta"}


class Page(HTMLParser):
    """Tags and text of a page; a tag that is not closed in its place is a mistake."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.words)

    def all_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def asks_nobody(text: str) -> bool:
    """Whether a page holds all that it shows: no scripts, no links, no pictures or fonts from elsewhere."""
    page = Page(text)
    foreign = {"script", "link", "img", "iframe", "object", "embed", "a", "image", "use", "base"}
    if foreign & {tag for tag, _ in page.tags}:
        return False
    values = [value or "" for _, attrs in page.tags for name, value in attrs.items() if name != "content"]
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    handlers = [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    outside = [v for v in [*values, styles] if re.search(r"(?:https?:)?//|@import|url\((?!#)", v)]
    return not handlers and not outside


def drawing(markup: str) -> ElementTree.Element:
    """A drawing, which has to be well-formed."""
    return ElementTree.fromstring(markup)


def titles(root: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in root.iter("title")]
