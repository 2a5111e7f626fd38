"""Conversations: turns and what is expected of them, the tests that a vertical ships."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

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

NOW = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$"
KEYS = r"^[0-9*#A-D]{1,64}$"


class Phrase(Shape):
    """What is listened for, where it is not simply words that must be heard."""

    model_config = rules(exactly_one("any", "not", "matches"))

    any: Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, examples=[["book", "confirm"]]
    )
    """One of these must be heard."""
    never: Text | Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, alias="not", examples=["Maria"]
    )
    """None of these may be heard."""
    matches: Text | None = Field(None, examples=["(nine|10) (AM|o'clock)"])
    """A regular expression that must be found in what is said; upper and lower case are one."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.any, self.never, self.matches)) != 1:
            raise ValueError("expected exactly one of `any`, `not` and `matches`")
        return self


Phrases = Text | Phrase | Many[Text | Phrase]
"""What is listened for: words, or several of them; all must come true."""

Uses = Identifier | dict[Identifier, dict[Identifier, Json]]
"""A tool, or several, each with arguments that must be among those it is given."""

FieldWanted = Annotated[
    Phrase | Annotated[Many[Text | Phrase], Field(min_length=1)] | Json,
    Field(union_mode="left_to_right"),
]
"""What a field read out of the call must hold: its value, or `null`. Of a field of type `string`
these are `Phrases`: words that must be in it, several, or what else is listened for."""


def _several_numbers(written: object) -> object:
    whole = isinstance(written, int) and not isinstance(written, bool)
    return (written,) if whole else written


_Number = Annotated[int, Field(ge=1, le=1_000)]

Sends = Annotated[
    Annotated[Many[_Number], Field(min_length=1)],
    BeforeValidator(
        _several_numbers,
        json_schema_input_type=_Number | Annotated[Many[_Number], Field(min_length=1)],
    ),
]
"""One or several of `after_call.send`, by number: the first is 1."""

Absent = bool | Identifier | Annotated[Many[Identifier], Field(min_length=1)]
"""One or several that must not be there; `true` for none at all."""


class Given(Shape):
    """What is so before the call."""

    caller: Phone | None = Field(None, examples=["+15550107788"])
    """The number that calls."""
    seed: RelativePath | None = Field(None, examples=["seed/demo.yaml"])
    """Rows in the database."""
    now: Annotated[str, Field(pattern=NOW)] | None = Field(None, examples=["2026-03-02 09:00"])
    """The moment of the call, by the clock of the business."""
    variables: dict[Identifier, Scalar] = Field(
        default_factory=dict, examples=[{"business_name": "Lakeside Family Clinic"}]
    )
    """Values of the vertical's variables, instead of their defaults."""
    failing: Identifier | Many[Identifier] = Field((), examples=["verify_insurance"])
    """Tools that fail, as if their service or the database were down."""


class Expect(Shape):
    """What must happen from a turn of the caller to the next one."""

    handoff: Identifier | None = Field(None, examples=["scheduling"])
    """The agent it hands over to."""
    no_handoff: Absent | None = Field(None, examples=[True, "billing"])
    """Agents that it must not hand over to; `true`: nobody."""
    tool: Uses | None = Field(None, examples=["find_slots", {"book_visit": {"slot_id": 3}}])
    """The tool it uses; with arguments, those that must be among the ones it gives."""
    no_tool: Absent | None = Field(None, examples=["book_visit", True])
    """Tools that it must not use; `true`: none at all. A call that was refused is no use."""
    confirms: Uses | None = Field(None, examples=[{"book_visit": {"slot_id": 3}}])
    """The tool that it asks the caller to agree to, and that has not run yet."""
    refused: Uses | None = Field(None, examples=["lab_result_status"])
    """The tool that it asks for and does not get: by `requires`, or by a rule of the tables."""
    failed: Uses | None = Field(None, examples=["verify_insurance"])
    """The tool that fails."""
    says: Phrases = Field((), examples=[["first", {"any": ["book", "confirm"]}]])
    """Words that must be heard, all of them."""
    heard: Phrases = Field((), examples=[{"not": "Wednesday"}])
    """With `interrupts`: what the transcript holds of the answer that the caller cut off."""
    judge: Text | Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, examples=["The agent refuses politely and offers to take a message."]
    )
    """What must be true of the answer, judged by a model; only with `--live`."""
    state: dict[Identifier, Json] = Field(default_factory=dict, examples=[{"patient_id": 1}])
    """What the call knows at the end of the turn; `null` for nothing."""
    within: Duration | None = Field(None, examples=["1500ms"])
    """The longest wait for the first sound of the answer, from the end of the caller's words."""
    transferred: bool | Identifier | None = Field(None, examples=["nurse_line"])
    """The variable of the number it puts the caller through to; `true`: any, `false`: none."""
    ends: bool | None = Field(None, examples=[True])
    """Whether the agent, or a limit, ends the call."""


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
    """What the caller does, and what is expected then."""

    caller: Text | None = Field(None, examples=["I need to see a doctor this week."])
    """What the caller says."""
    keys: Annotated[str, Field(pattern=KEYS)] | None = Field(None, examples=["1234#"])
    """Keys that the caller presses on the phone, before saying anything."""
    silence: Duration | None = Field(None, examples=["25s"])
    """How long the caller says nothing; `limits.silence` counts."""
    interrupts: bool | Duration = Field(False, examples=[True, "900ms"])
    """The caller begins while the agent is speaking: this long into its answer, or after 600ms."""
    hangs_up: bool = Field(False, examples=[True])
    """The caller hangs up then, without waiting for an answer."""
    model: Annotated[Many[ModelStep], Field(min_length=1)] | None = Field(
        None, examples=[[{"handoff": "scheduling"}, {"say": "When would you like to come?"}]]
    )
    """What the model answers, response by response, instead of thinking. Not used with `--live`."""
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
    shorter_than: Duration | None = Field(None, examples=["60s"])
    """The length it must not reach, by the clock of the call."""
    no_tool: Absent | None = Field(None, examples=[["book_visit", "send_text"]])
    """Tools that must not be used at any time; `true`: none at all."""
    says: Phrases = Field((), examples=[{"not": ["Maria", "Lopez"]}])
    """Words that agents must have said in it, or never."""
    judge: Text | Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, examples=["Nothing about another patient was said."]
    )
    """What must be true of the whole call, judged by a model; only with `--live`."""


class SentText(Shape):
    """A text message that was sent."""

    to: Phone | None = Field(None, examples=["+15550107788"])
    """Who got it; the caller, where it is left out."""
    says: Phrases = Field((), examples=["Wednesday"])
    """Words that must be in it."""
    count: Annotated[int, Field(ge=0)] | None = Field(None, examples=[0])
    """How many such messages were sent, exactly; at least one, where it is left out."""


class AfterCallOutcome(Shape):
    """What was made of the call once it was over, by the vertical's `after_call`."""

    fields: dict[Identifier, FieldWanted] = Field(
        default_factory=dict,
        examples=[{"intent": "book", "follow_up": False, "summary": {"any": ["visit", "doctor"]}}],
    )
    """What was read out of it: values, and `null` for nothing. In a field of type `string` a text
    stands for words that must be in it, as in `says`."""
    sent: Sends | None = Field(None, examples=[1, [1, 2]])
    """Those of `send` that must have been sent, by number: the first is 1."""
    not_sent: bool | Sends | None = Field(None, examples=[True, 2])
    """Those of `send` that must not have been sent; `true`: none at all."""
    skipped: bool | None = Field(None, examples=[True])
    """Whether nothing was read out of it, because the call was too short or nobody spoke."""


class Check(Shape):
    """Something that must be so after the call."""

    model_config = rules(exactly_one("sql", "call", "sms", "after_call"))

    sql: Text | None = Field(None, examples=["SELECT count(*) FROM slots WHERE patient_id = 1"])
    """A query for one value."""
    equals: Json = Field(None, examples=[1])
    """The value it must give."""
    call: CallOutcome | None = Field(
        None, examples=[{"ended_by": "caller", "handoffs": 1, "errors": 0}]
    )
    """How the call went."""
    sms: SentText | None = Field(None, examples=[{"says": "Wednesday"}])
    """A text message that was sent."""
    after_call: AfterCallOutcome | None = Field(
        None, examples=[{"fields": {"follow_up": True}, "sent": 1}]
    )
    """What was read out of the call once it was over, and who was told."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        kinds = (self.sql, self.call, self.sms, self.after_call)
        if sum(one is not None for one in kinds) != 1:
            raise ValueError("expected exactly one of `sql`, `call`, `sms` and `after_call`")
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
    after_call: dict[Identifier, Json] = Field(
        default_factory=dict, examples=[{"intent": "book", "follow_up": True}]
    )
    """What the text model reads out of the call once it is over, instead of thinking; `null`, or
    left out, for nothing. Not used with `--live`."""
    live: bool = Field(True, examples=[False])
    """Whether it is held with `--live` too: no, where only the script would do such a thing."""

    @property
    def scripted(self) -> bool:
        """Whether the model's part is written down too."""
        return any(turn.model is not None for turn in self.turns)
