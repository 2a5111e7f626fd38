"""Results as text for people, JSON for programs and JUnit XML for CI. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

from dialplan.emulators.conversations.run import Failure, Result


def line(result: Result) -> str:
    """Return the one line of a conversation."""
    word = "ok  " if result.passed else "FAIL"
    name = f"{result.vertical}: {result.told.conversation.name}"
    unjudged = f"  ({result.unjudged} not judged)" if result.unjudged else ""
    return f"{word} {result.seconds:5.1f} s  {name}{unjudged}"


def details(result: Result) -> str:
    """Return what failed in a conversation, and its transcript; nothing for one that passed."""
    if result.passed:
        return ""
    parts = [_text(failure) for failure in result.failures]
    said = "\n".join(f"        {one}" for one in result.transcript) or "        nothing was said"
    return "\n".join([*parts, f"    the call:\n{said}"])


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return the last line."""
    failed = sum(not result.passed for result in results)
    many = "conversation" if len(results) == 1 else "conversations"
    unjudged = sum(result.unjudged for result in results)
    parts = [f"{len(results) - failed} passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{unjudged} not judged (only with --live)"] if unjudged else []
    return f"{len(results)} {many} in {seconds:.1f} s: {', '.join(parts)}"


def as_json(results: Sequence[Result]) -> str:
    """Return all results as a JSON list."""
    rows = [
        {
            "vertical": result.vertical,
            "name": result.told.conversation.name,
            "file": str(result.told.file),
            "passed": result.passed,
            "seconds": round(result.seconds, 3),
            "failures": [asdict(failure) for failure in result.failures],
            "transcript": list(result.transcript),
            "waited_ms": list(result.waited_ms),
            "unjudged": result.unjudged,
        }
        for result in results
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_junit(results: Sequence[Result], seconds: float) -> str:
    """Return JUnit XML: a suite a vertical, a case a conversation."""
    root = ElementTree.Element("testsuites", _counts("dialplan", results, seconds))
    for vertical in dict.fromkeys(result.vertical for result in results):
        mine = [result for result in results if result.vertical == vertical]
        lasted = sum(result.seconds for result in mine)
        suite = ElementTree.SubElement(root, "testsuite", _counts(vertical, mine, lasted))
        for result in mine:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{vertical}.{Path(result.told.name).stem}",
                name=result.told.conversation.name,
                file=str(result.told.file),
                time=f"{result.seconds:.3f}",
            )
            if result.unjudged:
                properties = ElementTree.SubElement(case, "properties")
                many = str(result.unjudged)
                ElementTree.SubElement(properties, "property", name="not_judged", value=many)
            if not result.passed:
                first = result.failures[0]
                message = f"expected {first.expected}, got {first.got}"
                failure = ElementTree.SubElement(case, "failure", message=_xml(message))
                failure.text = _xml(details(result))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _text(failure: Failure) -> str:
    place = f"{failure.file}:{failure.line}:{failure.column}"
    return f"    {place}: expected {failure.expected}\n        got {failure.got}"


def _counts(name: str, results: Sequence[Result], seconds: float) -> dict[str, str]:
    failed = sum(not result.passed for result in results)
    return {
        "name": name,
        "tests": str(len(results)),
        "failures": str(failed),
        "time": f"{seconds:.3f}",
    }


def _xml(text: str) -> str:
    # XML has no way at all to write most control characters.
    return "".join(one for one in text if one in "\n\t" or one >= " ")
