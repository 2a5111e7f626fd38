"""How a vertical sounds and when it answers: voice, hours, limits, and what happens without it."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from dialplan.model.shape import Duration, Identifier, Many, Shape, Template
from dialplan.model.shape import parse_duration as _duration

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = "|".join(DAYS)
DAY_RANGE = rf"^({_DAYS})(-({_DAYS}))?$"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = rf"{_CLOCK}-({_CLOCK}|24:00)"
SPANS = rf"^(closed|{_SPAN}(, ?{_SPAN})*)$"


class Languages(Shape):
    """The languages of a call."""

    default: str = "en-US"
    """The language it starts in, a BCP 47 tag."""
    accept: Literal["all"] | Many[str] = "all"
    """The languages it may go on in."""


class TurnDetection(Shape):
    """How the end of the caller's turn is found."""

    type: Literal["server_vad", "semantic_vad"] = "server_vad"
    """By silence, or by meaning."""
    silence: Duration = _duration("500ms")
    """The silence that ends a turn (`server_vad`)."""


class Voice(Shape):
    """The model that speaks, and how."""

    engine: Literal["realtime"] = "realtime"
    """What turns speech into speech."""
    transport: Literal["direct", "sdk"] = "direct"
    """What carries its session: `direct`, which takes up a lost connection again, or the Agents
    SDK's own, to compare with. Over `sdk` a lost connection ends the agent's part of the call."""
    model: str = "gpt-realtime-2.1"
    """The model of the engine."""
    voice: str = "marin"
    """The voice; one for the whole call."""
    languages: Languages = Languages()
    """The languages spoken."""
    turn_detection: TurnDetection = TurnDetection()
    """How the end of a turn is found."""
    greeting: Template
    """The first words of every call."""


class Span(Shape):
    """A stretch of a day, from `opens` until before `closes`; midnight at its end is `00:00`."""

    opens: time
    """When it starts."""
    closes: time
    """When it ends."""


class Hours(Shape):
    """When the business is open, by its own clock (the variable `timezone`).

    Prompts, templates and SQL know `call.open` (true or false), `call.hours_today` ("open from 8 AM
    to 6 PM", "closed for Labor Day") and `call.next_opening` ("tomorrow at 8 AM").
    """

    week: dict[Day, Many[Span]] = Field(default_factory=dict)
    """The open stretches of each day; a day without any is closed."""
    holidays: str | None = None
    """Country (or `US-IL`) whose public holidays are closed."""


def _span(written: str) -> Span:
    opens, closes = written.strip().split("-")
    end = "00:00" if closes == "24:00" else closes
    if end != "00:00" and end <= opens:
        raise ValueError(f"`{written}` ends before it begins")
    return Span(opens=time.fromisoformat(opens), closes=time.fromisoformat(end))


def parse_hours(written: object) -> object:
    """Turn `{mon-fri: "08:00-18:00", holidays: US}` into open stretches for each day."""
    if not isinstance(written, dict):
        return written
    week: dict[str, tuple[Span, ...]] = {}
    for key, spans in written.items():
        if key == "holidays":
            continue
        if not re.match(DAY_RANGE, str(key)):
            raise ValueError(f"`{key}` is not a day or a range of days such as `mon-fri`")
        if not isinstance(spans, str) or not re.match(SPANS, spans):
            raise ValueError(f'expected hours of `{key}` as "08:00-18:00" or `closed`')
        first, _, last = str(key).partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        for step in range((end - start) % 7 + 1):
            day = DAYS[(start + step) % 7]
            if day in week:
                raise ValueError(f"`{day}` is given twice")
            week[day] = () if spans == "closed" else tuple(map(_span, spans.split(",")))
    region = written.get("holidays")
    if isinstance(region, str):
        _check_region(region)
    return {"week": week, "holidays": region}


def _check_region(region: str) -> None:
    import holidays  # takes a moment, and few files name a region

    country, _, part = region.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise ValueError(f"no public holidays are known of `{region}`") from error


AnyHours = Annotated[
    Hours,
    BeforeValidator(parse_hours),
    WithJsonSchema(
        {
            "type": "object",
            "title": "Hours",
            "description": "Open hours by day or range of days; all else is closed.",
            "properties": {
                "holidays": {"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"}
            },
            "patternProperties": {DAY_RANGE: {"type": "string", "pattern": SPANS}},
            "additionalProperties": False,
        }
    ),
]


class Limits(Shape):
    """How far a call, and all calls, may go."""

    call: Duration = _duration("15m")
    """The longest call."""
    silence: Duration = _duration("20s")
    """Silence of the caller after which somebody asks, then hangs up."""
    concurrent_calls: Annotated[int, Field(ge=1)] = 40
    """The most calls at once."""


class Then(Shape):
    """Where a caller goes when the AI cannot answer."""

    dial: Identifier
    """A variable of type phone."""
    timeout: Duration = _duration("20s")
    """How long it rings."""
    otherwise: Literal["voicemail", "hang_up"] = Field(default="hang_up", alias="else")
    """What follows when nobody picks up."""


class WhenUnavailable(Shape):
    """What the caller gets when the AI cannot answer: never silence."""

    say: Template
    """What is said."""
    then: Literal["voicemail", "hang_up"] | Then = "hang_up"
    """What happens next."""
