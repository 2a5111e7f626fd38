"""Articles and their tests, as far as files can tell: what leads nowhere or cannot be read.

Adds problems to the source, changes nothing. Concludes nothing from what is broken in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.articles.article import Article, Unreadable
from dialplan.articles.reading import files_named, read_article
from dialplan.config.shape import Typed, typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate
from dialplan.model.knowledge import Collection
from dialplan.model.retrieval import NOTHING, Retrieval
from dialplan.model.vertical import Vertical


def check_knowledge(source: Source, made: Typed[Vertical], files: Mapping[str, bytes]) -> None:
    """Note what is wrong with collections, their articles and their tests."""
    for name, collection in made.content.knowledge.items():
        if made.unsure("knowledge", name):
            continue
        _Check(source, made, name, collection, files).all()


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
                    self._note(at, "E321", f"`{file}`: {error.message}", error.hint)
                    whole = False
        self._titles(articles)
        self._tests(articles, whole=whole)

    def _titles(self, articles: Mapping[str, Article]) -> None:
        first: dict[str, str] = {}
        for file, article in articles.items():
            before = first.setdefault(article.title.lower(), file)
            if before != file:
                message = f"`{file}` and `{before}` have the same title"
                hint = "callers are told the title: give each article its own"
                self._note(("knowledge", self.name, "sources"), "W443", message, hint)

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

    def _note(self, steps: Steps, code: str, message: str, hint: str = "") -> None:
        if not self.made.unsure(*steps):
            place, path = locate(self.made.root, steps)
            self.source.problem(place, code, message, hint, path)
