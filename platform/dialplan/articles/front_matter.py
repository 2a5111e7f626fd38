"""What stands between two lines of `---` at the head of a Markdown article, and where in it.

Two of its keys are ours: `title`, and `asked`, the ways in which callers ask for the article. The
others belong to whatever else reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import yaml

from dialplan.articles.article import Unreadable

OURS = ("title", "asked")
"""The keys that mean something here."""
MOST_ASKED = 50
"""The most ways of asking for one article: each is a vector that every question is compared to."""
LONGEST_ASKED = 200
"""The longest of them, in characters: a caller asks in a sentence, not in a paragraph."""
_MOST_CHARACTERS = 65_536
_DEEPEST = 20
_FENCED = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_EXPECTED = 'expected a list of what callers say, such as `asked: ["My screen stays black."]`'
_QUOTED = "a colon with a blank after it needs quotes around the whole line"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The front matter of one file.

    Attributes:
        title: empty where there is none.
        asked: ways in which callers ask for the article, each with its line in the file, from 1.
        keys: all keys of the outermost mapping, each with its line.
        end: where the article's text begins, in characters from the start of the file.
    """

    title: str = ""
    asked: tuple[tuple[str, int], ...] = ()
    keys: tuple[tuple[str, int], ...] = ()
    end: int = 0


def front_matter(text: str) -> FrontMatter:
    """Read the front matter of a file; one without any gives an empty one.

    Raises:
        Unreadable: it is no YAML, or `title` or `asked` is not what it should be; with the line.
    """
    found = _FENCED.match(text)
    if found is None:
        return FrontMatter()
    if found.end(1) > _MOST_CHARACTERS:
        message = f"the front matter is longer than {_MOST_CHARACTERS} characters"
        raise Unreadable(message, "keep to what describes the article", 1)
    fields = _fields(found[1])
    if fields is None:  # a text between two rules
        return FrontMatter()
    title, asked = "", tuple[tuple[str, int], ...]()
    for key, node in fields:
        if key == "title":
            if not isinstance(node.content, str):
                raise Unreadable("`title` is no text", _QUOTED, node.line)
            title = " ".join(node.content.split())
        elif key == "asked":
            if not isinstance(node.content, list):
                raise Unreadable("`asked` is no list", _EXPECTED, node.line)
            asked = asked_lines((one.content, one.line) for one in node.content)
    keys = tuple((key, node.key_line) for key, node in fields)
    return FrontMatter(title, asked, keys, found.end())


def asked_lines(written: Iterable[tuple[object, int]]) -> tuple[tuple[str, int], ...]:
    """Check the ways of asking for one article, each with its line; white space is made one blank.

    Raises:
        Unreadable: one is empty, too long or no text, or there are too many.
    """
    made: list[tuple[str, int]] = []
    for content, line in written:
        if not isinstance(content, str):
            raise Unreadable("a line of `asked` is no text", _QUOTED, line)
        words = " ".join(content.split())
        if not words:
            raise Unreadable("a line of `asked` is empty", "say what a caller says", line)
        if len(words) > LONGEST_ASKED:
            message = f"a line of `asked` has {len(words)} characters: expected {LONGEST_ASKED}"
            raise Unreadable(f"{message} at most", "one sentence, as a caller says it", line)
        made.append((words, line))
    if len(made) > MOST_ASKED:
        message = f"`asked` has {len(made)} lines: expected {MOST_ASKED} at most"
        raise Unreadable(message, "keep those that differ most", made[MOST_ASKED][1])
    return tuple(made)


@dataclass(slots=True)
class _Node:
    """A value; of a mapping inside another only that it is one is kept."""

    line: int
    content: str | list[_Node] | None
    key_line: int = 0


def _fields(text: str) -> Sequence[tuple[str, _Node]] | None:
    try:
        return _read(_events(text))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(
            f"the front matter is no YAML: {error.problem or 'it cannot be read'}",
            f"close its quotes and brackets; {_QUOTED}",
            _line(error.problem_mark),
        ) from error
    except yaml.YAMLError as error:
        raise Unreadable("the front matter is no YAML", "remove what cannot be seen", 1) from error


def _events(text: str) -> Iterator[yaml.Event]:
    """Events and not nodes: a nesting without end must not become a recursion without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            message = "the front matter is nested too deeply"
            raise Unreadable(message, "write it flatter", _line(event.start_mark))
        yield event


def _read(events: Iterable[yaml.Event]) -> Sequence[tuple[str, _Node]] | None:
    """The fields of the outermost mapping in their order; None where it is none."""
    fields: list[tuple[str, _Node]] = []
    open_lists: list[list[_Node] | None] = []  # None for a mapping, whose content is not kept
    key: tuple[str, int] | None = None
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            open_lists.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        line = _line(event.start_mark)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        inside: list[_Node] | None = [] if is_list else None
        content = event.value if isinstance(event, yaml.ScalarEvent) else inside
        if not open_lists:
            if not isinstance(event, yaml.MappingStartEvent):
                return None
        elif len(open_lists) > 1:
            if (above := open_lists[-1]) is not None:
                above.append(_Node(line, content))
        elif key is None:
            key = (content if isinstance(content, str) else "", line)
        else:
            fields.append((key[0], _Node(line, content, key[1])))
            key = None
        if isinstance(event, yaml.CollectionStartEvent):
            open_lists.append(inside)
    return fields


class _Mark(Protocol):
    @property
    def line(self) -> int:
        """From 0."""
        ...


def _line(mark: _Mark | None) -> int:
    # Lines of a file count from 1, and the first is `---`.
    return mark.line + 2 if mark is not None else 1
