"""How a vertical sounds and when it answers: voice, hours, limits, and what happens without it."""

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_serializer
from pydantic_core import PydanticCustomError

from dialplan.model.known import COUNTRIES
from dialplan.model.sentences import Sentences
from dialplan.model.shape import Duration, Identifier, LanguageTag, Many, Shape, Template
from dialplan.model.shape import parse_duration as _duration

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = "|".join(DAYS)
DAY_RANGE = rf"^({_DAYS})(-({_DAYS}))?$"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = rf"{_CLOCK}-({_CLOCK}|24:00)"
HOLIDAYS = "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"
SPANS = rf"^(closed|{_SPAN}(, ?{_SPAN})*)$"


class Languages(Shape):
    """The languages of a call."""

    default: LanguageTag = Field("en-US", examples=["en-US"])
    """The language it starts in, a BCP 47 tag; dates, times and sums are said in it."""
    accept: Literal["all"] | Many[LanguageTag] = Field("all", examples=["all", ["en-US", "es-US"]])
    """The languages it may go on in."""


class TurnDetection(Shape):
    """How the end of the caller's turn is found."""

    type: Literal["server_vad", "semantic_vad"] = Field("server_vad", examples=["server_vad"])
    """By silence, or by meaning."""
    silence: Duration = Field(_duration("500ms"), examples=["500ms"])
    """The silence that ends a turn (`server_vad`)."""


class Voice(Shape):
    """The model that speaks, and how."""

    engine: Literal["realtime"] = Field("realtime", examples=["realtime"])
    """What turns speech into speech."""
    transport: Literal["direct", "sdk"] = Field("direct", examples=["direct"])
    """What carries its session: `direct`, which takes up a lost connection again, or the Agents
    SDK's own, to compare with. Over `sdk` a lost connection ends the agent's part of the call."""
    format: Literal["pcmu", "pcm24k"] = Field("pcmu", examples=["pcmu"])
    """The audio between here and the model: `pcmu`, the telephone's own mu-law at 8000 Hz, passed
    on as it is, or `pcm24k`, 16-bit samples at 24000 Hz, converted both ways. A telephone line
    carries no more than `pcmu` does; choose `pcm24k` for a model that takes nothing else."""
    model: str = Field("gpt-realtime-2.1", examples=["gpt-realtime-2.1"])
    """The model of the engine."""
    voice: str = Field("marin", examples=["marin"])
    """The voice; one for the whole call."""
    languages: Languages = Field(Languages(), examples=[{"default": "en-US", "accept": "all"}])
    """The languages spoken."""
    turn_detection: TurnDetection = Field(
        TurnDetection(), examples=[{"type": "server_vad", "silence": "500ms"}]
    )
    """How the end of a turn is found."""
    greeting: Template = Field(
        examples=["Thank you for calling {{ business_name }}. How can I help?"]
    )
    """The first words of every call."""
    sentences: Sentences = Field(
        Sentences(),
        examples=[{"still_there": "¿Sigue ahí?", "message_left": "Gracias. Adiós."}],
    )
    """What else is said word for word, in English where nothing is written."""


class Span(Shape):
    """A stretch of a day, from `opens` until before `closes`; midnight at its end is `00:00`."""

    opens: time
    """When it starts."""
    closes: time
    """When it ends."""


class Hours(Shape):
    """When the business is open, by its own clock (the variable `timezone`).

    Prompts, templates and SQL know `call.open` (true or false), `call.hours_today` ("open from 8 AM
    to 6 PM", "closed for Labor Day") and `call.next_opening` ("tomorrow at 8 AM"). Their words are
    those of `voice.sentences.hours`.
    """

    week: dict[Day, Many[Span]] = Field(default_factory=dict)
    """The open stretches of each day; a day without any is closed."""
    holidays: Annotated[str, Field(pattern=HOLIDAYS)] | None = None
    """Country (or `US-IL`) whose public holidays are closed."""

    @model_serializer(when_used="json")
    def _as_written(self) -> dict[str, str]:
        made = {
            day: ", ".join(map(_written, spans)) or "closed" for day, spans in self.week.items()
        }
        return made | ({"holidays": self.holidays} if self.holidays is not None else {})


def _written(span: Span) -> str:
    closes = "24:00" if span.closes == time(0) else f"{span.closes:%H:%M}"
    return f"{span.opens:%H:%M}-{closes}"


def _span(key: str, written: str) -> Span:
    opens, closes = written.strip().split("-")
    end = "00:00" if closes == "24:00" else closes
    if end != "00:00" and end <= opens:
        raise _wrong(key, f"`{written.strip()}` ends before it begins")
    return Span(opens=time.fromisoformat(opens), closes=time.fromisoformat(end))


def _wrong(key: object, message: str) -> PydanticCustomError:
    # With the key, a loader can say on which line.
    return PydanticCustomError("hours", "{message}", {"message": message, "key": key})


def parse_hours(written: object) -> object:
    """Turn `{mon-fri: "08:00-18:00", holidays: US}` into open stretches for each day."""
    if not isinstance(written, dict):
        return written
    week: dict[str, tuple[Span, ...]] = {}
    for key, spans in written.items():
        if key == "holidays":
            continue
        if not re.fullmatch(DAY_RANGE.strip("^$"), str(key)):
            raise _wrong(key, f"`{key}` is not a day or a range of days such as `mon-fri`")
        if not isinstance(spans, str) or not re.fullmatch(SPANS.strip("^$"), spans):
            raise _wrong(key, f'expected hours of `{key}` as "08:00-18:00" or `closed`')
        first, _, last = str(key).partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        for step in range((end - start) % 7 + 1):
            day = DAYS[(start + step) % 7]
            if day in week:
                raise _wrong(key, f"`{day}` is given twice")
            week[day] = (
                () if spans == "closed" else tuple(_span(str(key), one) for one in spans.split(","))
            )
    region = written.get("holidays")
    if isinstance(region, str):
        _check_region(region)
    return {"week": week, "holidays": region}


def _check_region(region: str) -> None:
    country, _, part = region.partition("-")
    known = country in COUNTRIES
    if known and part:
        # Imported on use, for it takes a while and few files name a part of a country: those are
        # known to each country's class alone, and to load one loads them all.
        from holidays import country_holidays

        try:
            country_holidays(country, subdiv=part)
        except NotImplementedError:
            known = False
    if not known:
        raise _wrong("holidays", f"no public holidays are known of `{region}`")


AnyHours = Annotated[
    Hours,
    BeforeValidator(parse_hours),
    WithJsonSchema(
        {
            "type": "object",
            "title": "Hours",
            "description": "Open hours by day or range of days; all else is closed.",
            "properties": {
                "holidays": {
                    "type": "string",
                    "pattern": HOLIDAYS,
                    "description": "Country (or `US-IL`) whose public holidays are closed.",
                    "examples": ["US"],
                }
            },
            "patternProperties": {
                DAY_RANGE: {
                    "type": "string",
                    "pattern": SPANS,
                    "description": "When these days are open.",
                    "examples": ["08:00-18:00", "09:00-12:00, 13:00-17:00", "closed"],
                }
            },
            "additionalProperties": False,
        }
    ),
]


class Limits(Shape):
    """How far a call, and all calls, may go."""

    call: Duration = Field(_duration("15m"), examples=["15m"])
    """The longest call."""
    silence: Duration = Field(_duration("20s"), examples=["20s"])
    """Silence of the caller after which somebody asks, then hangs up."""
    concurrent_calls: Annotated[int, Field(ge=1)] = Field(40, examples=[40])
    """The most calls at once."""


class Then(Shape):
    """Where a caller goes when the AI cannot answer."""

    dial: Identifier = Field(examples=["nurse_line"])
    """A variable of type phone."""
    timeout: Duration = Field(_duration("20s"), examples=["20s"])
    """How long it rings."""
    otherwise: Literal["voicemail", "hang_up"] = Field(
        default="hang_up", alias="else", examples=["voicemail"]
    )
    """What follows when nobody picks up."""


class WhenUnavailable(Shape):
    """What the caller gets when the AI cannot answer: never silence."""

    say: Template = Field(examples=["We are having trouble with our assistant."])
    """What is said."""
    then: Literal["voicemail", "hang_up"] | Then = Field(
        "hang_up",
        examples=["voicemail", {"dial": "nurse_line", "timeout": "20s", "else": "voicemail"}],
    )
    """What happens next."""

    @property
    def takes_messages(self) -> bool:
        """Whether a caller whom nobody talks to may leave a voicemail."""
        then = self.then.otherwise if isinstance(self.then, Then) else self.then
        return then == "voicemail"
