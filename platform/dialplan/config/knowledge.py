"""Articles and their tests, as far as files can tell: what leads nowhere or cannot be read.

Adds problems to the source, changes nothing. Concludes nothing from what is broken in the file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dialplan.articles.article import Article, Unreadable
from dialplan.articles.front_matter import OURS, front_matter
from dialplan.articles.reading import files_named, is_markdown, read_article, text_of
from dialplan.config.shape import Typed, typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.config.values import Place
from dialplan.model.knowledge import Collection
from dialplan.model.retrieval import NOTHING, Retrieval
from dialplan.model.vertical import Vertical


def check_knowledge(source: Source, made: Typed[Vertical], files: Mapping[str, bytes]) -> None:
    """Note what is wrong with collections, their articles and their tests."""
    for name, collection in made.content.knowledge.items():
        if made.unsure("knowledge", name):
            continue
        _Check(source, made, name, collection, files).all()


_ALIKE = 0.75
"""From which likeness on a key of the front matter is taken for a slip: others have keys too."""


@dataclass(frozen=True, slots=True)
class _Check:
    source: Source
    made: Typed[Vertical]
    name: str
    collection: Collection
    files: Mapping[str, bytes]

    def all(self) -> None:
        articles: dict[str, Article] = {}
        named_by: dict[str, str] = {}
        whole = True
        for index, written in enumerate(self.collection.sources):
            at: Steps = ("knowledge", self.name, "sources", index)
            found = files_named(written, self.files)
            if not found:
                message = f"no file is named by `{written}`"
                self._note(at, "E320", message, "expected articles inside the vertical's folder")
                whole = False
            for file in found:
                if file in named_by:
                    message = f"`{file}` is named by `{named_by[file]}` already"
                    self._note(at, "W442", message, "name it once")
                    break
                named_by[file] = written
                try:
                    articles[file] = read_article(file, self.files[file])
                except Unreadable as error:
                    whole = False
                    if error.line:
                        self._inside(file, error.line, "E323", error.message, error.hint)
                    else:
                        self._note(at, "E321", f"`{file}`: {error.message}", error.hint)
        self._titles(articles)
        self._front_matter(articles)
        self._tests(articles, whole=whole)

    def _titles(self, articles: Mapping[str, Article]) -> None:
        first: dict[str, str] = {}
        for file, article in articles.items():
            before = first.setdefault(article.title.lower(), file)
            if before != file:
                message = f"`{file}` and `{before}` have the same title"
                hint = "callers are told the title: give each article its own"
                self._note(("knowledge", self.name, "sources"), "W443", message, hint)

    def _front_matter(self, articles: Iterable[str]) -> None:
        first: dict[str, tuple[str, int]] = {}
        for file in articles:
            if not is_markdown(file):
                continue
            front = front_matter(text_of(self.files[file]))
            for key, line in front.keys:
                if key not in OURS and (meant := _meant(key)):
                    message = f"`{key}` means nothing here"
                    self._inside(file, line, "W444", message, f"did you mean `{meant}`?")
            for words, line in front.asked:
                before = first.setdefault(words.lower(), (file, line))
                if before != (file, line):
                    message = f"`{words[:60]}` leads to `{before[0]}` already, line {before[1]}"
                    hint = "a question would meet both alike: keep the one that it should lead to"
                    self._inside(file, line, "W445", message, hint)

    def _tests(self, articles: Mapping[str, Article], *, whole: bool) -> None:
        tests = self.collection.tests
        if tests is None:
            return
        if tests not in self.files:
            at: Steps = ("knowledge", self.name, "tests")
            self._note(at, "E108", f"cannot read `{tests}`: no such file")
            return
        inner = Source(self.source.folder)
        root = inner.load(tests)
        made = typed(inner, root, Retrieval) if root is not None else None
        if made is not None and whole:
            titles = {article.title.lower() for article in articles.values()}
            known = {*articles, *(file.rpartition("/")[2] for file in articles), *titles}
            for index, question in enumerate(made.content.questions):
                steps: Steps = ("questions", index, "expect")
                wanted = question.expect
                if {wanted, wanted.lower()} & {*known, NOTHING} or made.unsure(*steps):
                    continue
                place, path = locate(made.root, steps)
                hint = inner.hint(wanted, known) or "expected a title, a file, or `nothing`"
                inner.problem(place, "E322", f"no article `{wanted[:60]}`", hint, path)
        self.source.problems += inner.problems

    def _inside(self, file: str, line: int, code: str, message: str, hint: str) -> None:
        place = Place(str(self.source.folder / file), line, 1)
        self.source.problem(place, code, message, hint)

    def _note(self, steps: Steps, code: str, message: str, hint: str = "") -> None:
        if not self.made.unsure(*steps):
            place, path = locate(self.made.root, steps)
            self.source.problem(place, code, message, hint, path)


def _meant(key: str) -> str:
    for name in OURS:
        # The first letter is seldom wrong, and `subtitle` is no `title`.
        alike = difflib.SequenceMatcher(None, key.lower(), name).ratio()
        if alike >= _ALIKE and key[:1].lower() == name[0]:
            return name
    return ""
