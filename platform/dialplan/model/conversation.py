"""Conversations: turns and what is expected of them, the tests that a vertical ships."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dialplan.model.shape import (
    Duration,
    Identifier,
    Json,
    Many,
    Phone,
    RelativePath,
    Scalar,
    Shape,
    Text,
)


class AnyOf(Shape):
    """One of these words must be heard."""

    any: Annotated[Many[Text], Field(min_length=1)]
    """The words."""


class Given(Shape):
    """What is so before the call."""

    caller: Phone | None = None
    """The number that calls."""
    seed: RelativePath | None = None
    """Rows in the database."""
    now: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$")] | None = None
    """The moment of the call, by the clock of the business."""
    variables: dict[Identifier, Scalar] = Field(default_factory=dict)
    """Values of the vertical's variables, instead of their defaults."""


class Expect(Shape):
    """What the agent must do in answer to a turn."""

    handoff: Identifier | None = None
    """The agent it hands over to."""
    tool: Identifier | dict[Identifier, dict[Identifier, Json]] | None = None
    """The tool it uses; with arguments, those that must be among the ones it gives."""
    says: Text | Many[Text | AnyOf] = ()
    """Words that must be heard, all of them."""
    within: Duration | None = None
    """The longest wait until something is heard, from the end of the caller's words."""


class ModelStep(Shape):
    """One response of the model, decided beforehand: words first, then what it calls."""

    say: Text | None = None
    """What it says."""
    tool: Identifier | dict[Identifier, dict[Identifier, Json]] | None = None
    """The tool it calls, or several, with their arguments."""
    handoff: Identifier | None = None
    """The agent it hands over to."""


class Turn(Shape):
    """What the caller says, and what is expected then."""

    caller: Text
    """What the caller says."""
    model: Annotated[Many[ModelStep], Field(min_length=1)] | None = None
    """What the model answers, response by response, instead of thinking."""
    expect: Expect = Expect()
    """What must follow."""


class CallOutcome(Shape):
    """How the call went as a whole."""

    ended_by: Literal["caller", "agent", "transfer", "limit"] | None = None
    """Who ended it."""
    handoffs: Annotated[int, Field(ge=0)] | None = None
    """How many handoffs there were."""
    errors: Annotated[int, Field(ge=0)] | None = None
    """How many errors there were."""


class Check(Shape):
    """Something that must be so after the call: a query with its answer, or the call's outcome."""

    sql: Text | None = None
    """A query for one value."""
    equals: Json = None
    """The value it must give."""
    call: CallOutcome | None = None
    """How the call went."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sql is None) == (self.call is None):
            raise ValueError("expected either `sql` with `equals`, or `call`")
        return self


class Conversation(Shape):
    """One call, as it should go."""

    name: Text
    """What it shows, as a sentence."""
    given: Given = Given()
    """What is so before."""
    turns: Annotated[Many[Turn], Field(min_length=1)]
    """What is said."""
    then: Many[Check] = ()
    """What must be so after."""
    mocks: dict[Identifier, Json] = Field(default_factory=dict)
    """Results that tools give instead of running; `null` for nothing found."""

    @property
    def scripted(self) -> bool:
        """Whether the model's part is written down too."""
        return any(turn.model is not None for turn in self.turns)
