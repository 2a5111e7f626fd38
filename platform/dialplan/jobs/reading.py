"""Reads the fields of `after_call` out of a call that is over, by a text model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.config.load import LoadedVertical
from dialplan.engines.text.extraction import Extraction, TextModel
from dialplan.errors import ToolError
from dialplan.jobs.asking import instructions_of, material_of, region_of_call
from dialplan.jobs.fields import check_fields, fields_schema
from dialplan.jobs.over import OverCall, about_call, over_call, skip_reason, zone_of
from dialplan.model.after_call import AfterCall
from dialplan.model.kinds import after_call_prompt
from dialplan.model.shape import Json
from dialplan.prompts.render import TemplateProblem, render
from dialplan.runtime.directory import Line

__all__ = ["OverCall", "Reader", "Reading", "names_of", "over_call", "skip_reason"]

SCHEMA = "call_fields"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read out of a call: every field, null where unknown. `model` is who read it."""

    fields: Mapping[str, Json]
    model: str


def names_of(call: OverCall, line: Line, fields: Mapping[str, Json]) -> dict[str, object]:
    """Return what the templates of a `send` see: `about_call`, and `fields.`."""
    return {
        **about_call(call, line.vertical.vertical, line.variables),
        "fields": dict(fields),
    }


class Reader:
    """Reads calls; `client` is shared by all of them."""

    def __init__(self, client: TextModel) -> None:
        self._client = client

    async def read(
        self, call: OverCall, loaded: LoadedVertical, line_variables: Mapping[str, object]
    ) -> Reading:
        """Read every field of the vertical's `after_call`.

        Raises:
            TryLater: the model cannot be reached, or has too much to do.
            ToolError: it gives no answer, or what it should know cannot be put together.
        """
        after = loaded.vertical.after_call
        if after is None:
            raise ToolError(f"the vertical `{loaded.vertical.name}` has no `after_call`")
        asked = Extraction(
            name=SCHEMA,
            model=after.model,
            schema=fields_schema(after),
            instructions=instructions_of(_prompt(after, call, loaded, line_variables)),
            material=material_of(call, line_variables),
        )
        zone, region = zone_of(line_variables), region_of_call(call)
        found = await self._client.extract(
            asked, lambda answer: check_fields(after, answer, zone=zone, region=region)
        )
        return Reading(found.held, found.model)


def _prompt(
    after: AfterCall, call: OverCall, loaded: LoadedVertical, variables: Mapping[str, object]
) -> str | None:
    if after.prompt is None:
        return None
    template = loaded.prompts.get(after_call_prompt(), after.prompt)
    try:
        return render(template, about_call(call, loaded.vertical, variables))
    except TemplateProblem as error:
        raise ToolError(f"the prompt of `after_call`: {error}") from error
