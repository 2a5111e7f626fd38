"""What goes over the control channel of a rehearsal: orders one way, events the other, as JSON."""

from __future__ import annotations

import base64
import re
from typing import Annotated, Self, get_args

import orjson
from pydantic import (
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass

from dialplan.emulators.desk.talk import Heard
from dialplan.emulators.twilio.caller import Line
from dialplan.emulators.twilio.record import CallRecord, CarrierEvent, Notification
from dialplan.errors import ProtocolError
from dialplan.store.facts import Fact

MOST_LINES = 200
LONGEST_S = 3600.0


class Order(BaseModel):
    """A call that is asked for: with lines to say, a recording to play, or somebody live.

    Attributes:
        audio: mu-law at 8000 Hz, in base64.
        live: the caller is whoever sends binary frames of mu-law, and gets them.
        limit_s: seconds after which the carrier ends the call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    to: Annotated[str, Field(min_length=1, max_length=64)]
    from_: Annotated[str, Field(alias="from", min_length=1, max_length=64)]
    say: Annotated[tuple[Line, ...], Field(max_length=MOST_LINES)] = ()
    audio: Base64Bytes | None = None
    live: bool = False
    limit_s: Annotated[float, Field(gt=0, le=LONGEST_S)] = 300.0

    @model_validator(mode="after")
    def _one_caller(self) -> Self:
        if sum((bool(self.say), bool(self.audio), self.live)) != 1:
            raise ValueError("expected one of `say`, `audio` and `live`")
        return self

    @classmethod
    def calling(cls, to: str, from_: str, *, audio: bytes) -> Self:
        """Return an order for a recording, which is mu-law and not base64 yet."""
        return cls(to=to, from_=from_, audio=base64.b64encode(audio))


@dataclass(frozen=True)
class Preparing:
    """The caller's sentences are being synthesised."""


@dataclass(frozen=True)
class Refused:
    """There will be no call; `why` is a sentence."""

    why: str


@dataclass(frozen=True)
class CallOver:
    """The last event: what the call left behind, but for its audio."""

    call_sid: str
    status: str
    ended_by: str
    duration_s: int
    marks: int
    cleared_at_ms: list[int]
    digits: str
    notifications: list[Notification]

    @classmethod
    def of(cls, record: CallRecord) -> CallOver:
        """Return what a record says."""
        return cls(
            call_sid=record.call_sid,
            status=record.status,
            ended_by=record.ended_by,
            duration_s=record.duration_s,
            marks=len(record.marks),
            cleared_at_ms=list(record.cleared_at_ms),
            digits=record.digits,
            notifications=list(record.notifications),
        )


DeskEvent = Preparing | Refused | CallOver
Event = CarrierEvent | Heard | Fact | DeskEvent


def _name(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


_ADAPTERS: dict[str, TypeAdapter[Event]] = {
    _name(kind): TypeAdapter(kind)
    for union in (CarrierEvent, Heard, Fact, DeskEvent)
    for kind in get_args(union)
}


def encode(event: Event) -> str:
    """Return an event as one line of JSON; `kind` is its name in lower case."""
    kind = _name(type(event))
    fields = _ADAPTERS[kind].dump_python(event, mode="json")
    return orjson.dumps({"kind": kind, **fields}).decode()


def decode(text: str | bytes) -> Event | None:
    """Return the event of a line; None for a kind that is not known here.

    Raises:
        ProtocolError: it is not an event.
    """
    try:
        fields = orjson.loads(text)
        adapter = _ADAPTERS.get(fields.pop("kind"))
        return None if adapter is None else adapter.validate_python(fields)
    except (ValueError, AttributeError, KeyError, TypeError) as exc:
        raise ProtocolError("not an event of a rehearsal") from exc


def read_order(text: str) -> Order:
    """Return an order.

    Raises:
        ProtocolError: it is not one; the message says why.
    """
    try:
        return Order.model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(f"order refused: `{place or 'order'}`: {first['msg']}") from exc
