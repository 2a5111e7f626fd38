"""What an agent may be: its prompt, its tools, and whom it hands the caller to."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dialplan.model.shape import Identifier, Many, Shape, Template, Text


class Handoff(Shape):
    """When and how the caller goes to another agent. Short form: `when`."""

    when: Text = Field(examples=["The caller wants to book, move or cancel a visit."])
    """The reason, for the model that decides."""
    examples: Many[Text] = Field((), examples=[["I need to see a doctor."]])
    """What a caller says when this is wanted."""
    carry: Many[Identifier] = Field((), examples=[["patient_id"]])
    """State that the next agent is told of; empty means all of it."""
    context: Literal["full", "summary", "none"] = Field("full", examples=["summary"])
    """What the next agent sees of the conversation so far: all of it; a summary in one sentence and
    the state under `carry`; or that state alone. What was said before the handoff is then taken
    from the model, and stays in the transcript."""
    announce: Template | None = Field(None, examples=["Let me get billing."])
    """Said word for word before the next agent speaks."""


def _long_handoff(written: object) -> object:
    return {"when": written} if isinstance(written, str) else written


AnyHandoff = Annotated[
    Handoff, BeforeValidator(_long_handoff, json_schema_input_type=Text | Handoff)
]


class Agent(Shape):
    """One role in the conversation."""

    entry: bool = Field(False, examples=[True])
    """Whether it answers the call; exactly one agent does."""
    prompt: Template = Field(examples=["prompts/front_desk.md"])
    """Its instructions: text, or the path of a `.md` file in the vertical's folder."""
    tools: Many[Identifier] = Field((), examples=[["find_patient", "transfer_to_nurse"]])
    """The tools that it may use."""
    handoffs: dict[Identifier, AnyHandoff] = Field(
        default_factory=dict, examples=[{"scheduling": "The caller wants to book a visit."}]
    )
    """The agents that it may hand over to, and when."""
