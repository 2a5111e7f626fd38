"""Conversations: turns and what is expected of them, the tests that a vertical ships."""

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
    exactly_one,
    rules,
)


class AnyOf(Shape):
    """One of these words must be heard."""

    any: Annotated[Many[Text], Field(min_length=1)] = Field(examples=[["book", "confirm"]])
    """The words."""


class Given(Shape):
    """What is so before the call."""

    caller: Phone | None = Field(None, examples=["+15550107788"])
    """The number that calls."""
    seed: RelativePath | None = Field(None, examples=["seed/demo.yaml"])
    """Rows in the database."""
    now: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$")] | None = (
        Field(None, examples=["2026-03-02 09:00"])
    )
    """The moment of the call, by the clock of the business."""
    variables: dict[Identifier, Scalar] = Field(
        default_factory=dict, examples=[{"business_name": "Lakeside Family Clinic"}]
    )
    """Values of the vertical's variables, instead of their defaults."""


class Expect(Shape):
    """What the agent must do in answer to a turn."""

    handoff: Identifier | None = Field(None, examples=["scheduling"])
    """The agent it hands over to."""
    tool: Identifier | dict[Identifier, dict[Identifier, Json]] | None = Field(
        None, examples=["find_slots", {"book_visit": {"slot_id": 3}}]
    )
    """The tool it uses; with arguments, those that must be among the ones it gives."""
    says: Text | Many[Text | AnyOf] = Field((), examples=[["first", {"any": ["book", "confirm"]}]])
    """Words that must be heard, all of them."""
    within: Duration | None = Field(None, examples=["1500ms"])
    """The longest wait for the first sound of the answer, from the end of the caller's words."""


class ModelStep(Shape):
    """One response of the model, decided beforehand: words first, then what it calls."""

    say: Text | None = Field(None, examples=["I have Wednesday at ten."])
    """What it says."""
    tool: Identifier | dict[Identifier, dict[Identifier, Json]] | None = Field(
        None, examples=[{"find_slots": {"day": "2026-03-04"}}]
    )
    """The tool it calls, or several, with their arguments."""
    handoff: Identifier | None = Field(None, examples=["scheduling"])
    """The agent it hands over to."""


class Turn(Shape):
    """What the caller says, and what is expected then."""

    caller: Text = Field(examples=["I need to see a doctor this week."])
    """What the caller says."""
    model: Annotated[Many[ModelStep], Field(min_length=1)] | None = Field(
        None, examples=[[{"handoff": "scheduling"}, {"say": "When would you like to come?"}]]
    )
    """What the model answers, response by response, instead of thinking."""
    expect: Expect = Field(Expect(), examples=[{"handoff": "scheduling", "tool": "find_slots"}])
    """What must follow."""


class CallOutcome(Shape):
    """How the call went as a whole."""

    ended_by: Literal["caller", "agent", "transfer", "limit"] | None = Field(
        None, examples=["caller"]
    )
    """Who ended it."""
    handoffs: Annotated[int, Field(ge=0)] | None = Field(None, examples=[1])
    """How many handoffs there were."""
    errors: Annotated[int, Field(ge=0)] | None = Field(None, examples=[0])
    """How many errors there were."""


class Check(Shape):
    """Something that must be so after the call: a query with its answer, or the call's outcome."""

    model_config = rules(exactly_one("sql", "call"))

    sql: Text | None = Field(None, examples=["SELECT count(*) FROM slots WHERE patient_id = 1"])
    """A query for one value."""
    equals: Json = Field(None, examples=[1])
    """The value it must give."""
    call: CallOutcome | None = Field(
        None, examples=[{"ended_by": "caller", "handoffs": 1, "errors": 0}]
    )
    """How the call went."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.sql is None) == (self.call is None):
            raise ValueError("expected either `sql` with `equals`, or `call`")
        return self


class Conversation(Shape):
    """One call, as it should go."""

    name: Text = Field(examples=["A known caller books the first free visit"])
    """What it shows, as a sentence."""
    given: Given = Field(
        Given(),
        examples=[{"caller": "+15550107788", "seed": "seed/demo.yaml", "now": "2026-03-02 09:00"}],
    )
    """What is so before."""
    turns: Annotated[Many[Turn], Field(min_length=1)] = Field(
        examples=[[{"caller": "I need to see a doctor.", "expect": {"tool": "find_slots"}}]]
    )
    """What is said."""
    then: Many[Check] = Field((), examples=[[{"call": {"ended_by": "caller", "errors": 0}}]])
    """What must be so after."""
    mocks: dict[Identifier, Json] = Field(
        default_factory=dict, examples=[{"verify_insurance": {"active": True, "plan": "Gold"}}]
    )
    """Results that tools give instead of running; `null` for nothing found."""

    @property
    def scripted(self) -> bool:
        """Whether the model's part is written down too."""
        return any(turn.model is not None for turn in self.turns)
