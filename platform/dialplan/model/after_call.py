"""What is done once a call is over: what is read out of it, and whom that is sent to."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from dialplan.model.shape import (
    Duration,
    Identifier,
    Many,
    Shape,
    Template,
    Text,
    exactly_one,
    rules,
)
from dialplan.model.shape import parse_duration as _duration
from dialplan.model.tool import Http, ValueType

MOST_CHARACTERS = 1_000
"""The longest text that a field holds where it sets no limit."""


class CallField(Shape):
    """A fact to read out of a call; `null` where nothing was said of it. Short form: its type."""

    model_config = rules(exactly_one("type", "enum"))

    type: ValueType | None = Field(None, examples=["boolean"])
    """What it is; dates and times are ISO 8601, phones E.164."""
    enum: Annotated[Many[Text], Field(min_length=2)] | None = Field(
        None, examples=[["book", "move", "cancel", "other"]]
    )
    """The only values that it may have."""
    description: Text | None = Field(None, examples=["Whether somebody must call back."])
    """What it means, for the model that reads."""
    minimum: float | None = Field(None, examples=[0])
    """Smallest number allowed."""
    maximum: float | None = Field(None, examples=[100])
    """Largest number allowed."""
    max_length: Annotated[int, Field(ge=1, le=10_000)] | None = Field(None, examples=[200])
    """Most characters of a text; 1,000 without it."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.type is None) == (self.enum is None):
            raise ValueError("expected exactly one of `type` and `enum`")
        return self


def _long_field(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


AnyCallField = Annotated[
    CallField, BeforeValidator(_long_field, json_schema_input_type=ValueType | CallField)
]


class SkipWhen(Shape):
    """Calls that nothing is read out of. One in which the caller said nothing never is."""

    shorter_than: Duration = Field(_duration("0s"), examples=["8s"])
    """Calls of less than this length."""


class Send(Shape):
    """A request to a service once the fields are there, tried again for hours where it fails."""

    when: Template | None = Field(None, examples=["{{ fields.follow_up }}"])
    """Whether it is sent: not where this comes to `false`, nothing, or zero."""
    http: Http = Field(examples=[{"post": "{{ endpoints.crm }}/calls"}])
    """The request. Without a body it carries `call` and `fields` as JSON."""


class AfterCall(Shape):
    """What is done once a call is over; no caller waits for it."""

    model: Text = Field("gpt-5-mini", examples=["gpt-5-mini"])
    """The text model that reads the transcript."""
    prompt: Template | None = Field(None, examples=["prompts/after_call.md"])
    """What it should know beside the descriptions of the fields: text, or the path of a `.md` file
    in the vertical's folder."""
    skip_when: SkipWhen = Field(SkipWhen(), examples=[{"shorter_than": "8s"}])
    """Calls that nothing is read out of."""
    fields: Annotated[dict[Identifier, AnyCallField], Field(min_length=1)] = Field(
        examples=[
            {
                "intent": {"enum": ["book", "move", "cancel", "other"]},
                "follow_up": {"type": "boolean", "description": "Whether somebody must call back."},
            }
        ]
    )
    """What to read out of the call."""
    send: Many[Send] = Field(
        (),
        examples=[
            [{"when": "{{ fields.follow_up }}", "http": {"post": "{{ endpoints.crm }}/calls"}}]
        ],
    )
    """Whom to tell, each independently of the others."""
