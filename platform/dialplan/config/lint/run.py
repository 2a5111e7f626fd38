"""All checks of a vertical beyond its shape and its references, in one pass."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.config.lint.after_call import check_after_call
from dialplan.config.lint.graph import check_graph
from dialplan.config.lint.languages import check_languages
from dialplan.config.lint.notes import Notes
from dialplan.config.lint.speech import check_speech
from dialplan.config.lint.sql import check_sql
from dialplan.config.lint.texts import texts_of
from dialplan.config.lint.tools import check_tools
from dialplan.config.lint.usage import check_usage
from dialplan.config.problem import errors_in
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.model.vertical import Vertical


def lint(source: Source, made: Typed[Vertical], prompts: Mapping[str, str]) -> None:
    """Note what a caller of the vertical would otherwise find out.

    In a broken file only the SQL is read, where nothing that it names may be missing: all else
    compares parts of the file with each other.
    """
    notes, vertical = Notes(source, made), made.content
    texts = texts_of(vertical, prompts)
    if made.holes:
        if not (made.lost("database") or made.open("state") or made.open("variables")):
            sections = ("state", "variables")
            declared = {f"{one}.{name}" for one in sections for name in made.named(one)}
            check_sql(notes, vertical, texts, declared)
        return
    sql = check_sql(notes, vertical, texts)
    check_graph(notes, vertical)
    check_tools(notes, vertical, sql)
    check_speech(notes, vertical, prompts, texts)
    check_languages(notes, vertical, texts, sql)
    check_after_call(notes, vertical, prompts)
    if not errors_in(source.problems):
        # A slip of the keyboard leaves something unused: said once, where it was made.
        check_usage(notes, vertical, texts, sql)
