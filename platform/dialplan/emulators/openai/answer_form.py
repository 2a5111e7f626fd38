"""The form that a response's text must have (`text.format`), and whether an answer has it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dialplan.config.jsonschemas import Draft202012Validator, FormatChecker, SchemaError
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.mind import AnswerForm
from dialplan.emulators.openai.strict import refusal

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_AT = "text.format"


class UnfitAnswer(Exception):
    """A mind's answer that does not have the form that was asked for."""


def read_form(given: Mapping[str, Any]) -> AnswerForm | None:
    """Return the form that a request asks for, None for plain text.

    Raises:
        ClientEventError: the API refuses it.
    """
    written = (given.get("text") or {}).get("format") or {"type": "text"}
    kind = written.get("type")
    if kind == "text":
        return None
    if kind != "json_schema":
        raise ClientEventError("unsupported", f"The format '{kind}' is not emulated.", _AT)
    name, schema = written.get("name"), written.get("schema")
    for key, value in (("name", name), ("schema", schema)):
        if value is None:
            at = f"{_AT}.{key}"
            raise ClientEventError(
                "missing_required_parameter", f"Missing required parameter: '{at}'.", at
            )
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = f"Invalid '{_AT}.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."
        raise ClientEventError("invalid_value", message, f"{_AT}.name")
    strict = written.get("strict") is True
    refused = _refused(name, schema, strict=strict)
    if refused is not None or not isinstance(schema, Mapping):
        message = refused or f"Invalid schema for response_format '{name}': expected an object."
        raise ClientEventError("invalid_json_schema", message, f"{_AT}.schema")
    return AnswerForm(name, schema, strict)


def fitted(form: AnswerForm, text: str) -> str:
    """Return an answer of this form as it is sent; without `strict` the form is only a wish.

    Raises:
        UnfitAnswer: it has another one; the real API could not have made it.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UnfitAnswer("the answer is no JSON") from error
    if form.strict:
        checker = Draft202012Validator(form.schema, format_checker=FormatChecker())
        wrong = next(iter(checker.iter_errors(value)), None)
        if wrong is not None:
            raise UnfitAnswer(f"the answer does not fit the schema at {wrong.json_path}")
    return json.dumps(value, ensure_ascii=False)


def _refused(name: str, schema: object, *, strict: bool) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"Invalid schema for response_format '{name}': {error.message}"
    return refusal(name, schema) if strict else None
