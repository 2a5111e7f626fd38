"""HTML to an article, by selectolax: headings, paragraphs, lists and tables in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialplan.articles.article import Article, Outline
from dialplan.articles.front_matter import asked_lines

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LEFT_OUT = ("script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form")
"""What stands around the text of a page, or is not meant for eyes."""
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "p li dt dd blockquote pre figcaption caption tr div section article main body ul ol dl table "
    "thead tbody tfoot figure details summary address".split()
)


def read_html(source: str, text: str) -> Article:
    """Read an article; the `<title>` is its title where no `<h1>` is.

    Each `<meta name="asked" content="...">` is one way in which callers ask for it.

    Raises:
        Unreadable: there is no text in it, or how it is asked for is wrong.
    """
    # Imported on use: a vertical without articles never pays for it.
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    first, named = tree.css_first("h1"), tree.css_first("title")
    title = _words(first) or _words(named)
    metas = tree.css('meta[name="asked"]')
    asked = asked_lines((meta.attributes.get("content") or "", 0) for meta in metas)
    for tag in _LEFT_OUT:
        for node in tree.css(tag):
            node.decompose()
    outline = Outline(source, title, tuple(line for line, _ in asked))
    if tree.body is not None:
        _walk(outline, tree.body)
    return outline.article()


def _walk(outline: Outline, root: LexborNode) -> None:
    """Take each block's own text, and go into the blocks inside it; in the order of the page."""
    parts: list[str] = []
    # A stack of our own: pages nest as deeply as they like. None ends the level that was opened.
    waiting: list[LexborNode | None] = [root.child]
    opened: list[bool] = [True]

    def flush() -> None:
        outline.line(" ".join(parts))
        parts.clear()

    while waiting:
        node = waiting.pop()
        if node is None:
            if opened.pop():
                flush()
            continue
        waiting.append(node.next)
        tag = node.tag or ""
        if tag == "-text":
            parts.append(node.text_content or "")
        elif tag in _HEADINGS:
            flush()
            outline.heading(_HEADINGS[tag], _words(node))
        elif tag == "br":
            flush()
        elif tag in ("td", "th"):
            parts.append(("| " if parts else "") + _words(node))
        elif not tag.startswith(("-", "!")):
            block = tag in _BLOCKS
            if block:
                flush()
            opened.append(block)
            waiting.append(node.child)
    flush()


def _words(node: LexborNode | None) -> str:
    return "" if node is None else " ".join(node.text(separator=" ").split())
