"""Plain text from HTML, for the part that a template does not write itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["plain_text"]

_APART = frozenset(
    ("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul")
)  # an empty line around them
_LINES = frozenset(
    ("address", "article", "body", "br", "div", "dl", "dt", "dd", "footer", "header", "hr", "li", "main")
)
_BLOCKS = _APART | _LINES | {"section", "tbody", "td", "tr"}
_UNREAD = frozenset(("head", "script", "style", "template", "title"))
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")


def plain_text(page: str) -> str:
    r"""Return what a page says: blocks on lines of their own, a link's address behind its words, an image's words.

    Examples
    --------
    >>> plain_text('<h1>Hi</h1><p>A <a href="https://s.example/m">mug</a> &amp; more</p>')
    'Hi\n\nA mug (https://s.example/m) & more\n'
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = [_BLANKS.sub(" ", line).strip() for line in "".join(reader.parts).split("\n")]
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.parts)))
        elif tag == "img":
            self._say(given.get("alt") or "")
        elif tag in _BLOCKS:
            self._say("\n\n" if tag in _APART else "\n")
            self._say("- " if tag == "li" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(self._unread - 1, 0)
        elif tag == "a" and self._links:
            address, began_at = self._links.pop()
            said = "".join(self.parts[began_at:]).strip()
            if address.startswith(("http://", "https://", "mailto:")) and address != said:
                self._say(f" ({address})" if said else address)
        elif tag in _BLOCKS:
            self._say("\n\n" if tag in _APART else "\n")

    def handle_data(self, data: str) -> None:
        self._say(data.replace("\n", " "))

    def _say(self, words: str) -> None:
        if not self._unread:
            self.parts.append(words)
