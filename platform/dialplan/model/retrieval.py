"""Questions with the articles that answer them, and how many of them must be found."""

from typing import Annotated

from pydantic import Field

from dialplan.model.shape import Identifier, Many, Shape, Text

NOTHING = "nothing"
"""Expected of a question that the articles do not answer."""

Share = Annotated[float, Field(ge=0, le=1)]


class Goal(Shape):
    """What a collection must reach; less fails the test."""

    recall: Share = Field(0.9, examples=[0.9])
    """The least share of questions whose article is among the first three."""
    mrr: Share = Field(0.0, examples=[0.8])
    """The least mean of one divided by the rank of the article."""
    nothing: Share = Field(0.0, examples=[0.75])
    """The least share of questions without an article for which nothing is found."""


class Question(Shape):
    """A question in a caller's words."""

    ask: Text = Field(examples=["I bought another handset and the codes do not come any more."])
    """What the caller says."""
    expect: Text = Field(examples=["new-phone-mfa.md"])
    """The title of the article that answers it, or its file; `nothing` where none does."""
    part: Identifier | None = Field(None, examples=["oblique"])
    """A part of the set that it belongs to: figures are printed for each."""
    held_out: bool = Field(False, examples=[True])
    """Whether it had no part in choosing rules and thresholds. Such ones are counted apart too, and
    those that fail are not named: whoever reads them begins to choose by them."""


class Retrieval(Shape):
    """The retrieval test set of a collection."""

    at_least: Goal = Field(Goal(), examples=[{"recall": 0.9, "mrr": 0.8}])
    """What must be reached, over all questions."""
    questions: Annotated[Many[Question], Field(min_length=1)] = Field(
        examples=[[{"ask": "The tunnel says 809.", "expect": "vpn-error-809.md"}]]
    )
    """The questions."""
