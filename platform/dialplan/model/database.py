"""What the tables of a vertical may be."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dialplan.model.shape import (
    Identifier,
    Many,
    RelativePath,
    Scalar,
    Shape,
    Text,
    exactly_one,
    rules,
)

ColumnType = Literal[
    "serial",
    "text",
    "integer",
    "number",
    "boolean",
    "date",
    "time",
    "timestamptz",
    "phone",
    "email",
    "json",
]
Pii = Literal["name", "phone", "email", "birth_date", "address", "health", "financial", "id"]


class Column(Shape):
    """One column. Short form: its type."""

    model_config = rules(exactly_one("type", "references"))

    type: ColumnType | None = Field(None, examples=["text"])
    """What it holds; a column that `references` a table takes the type of its key."""
    references: Identifier | None = Field(None, examples=["patients"])
    """The table whose `id` this points at."""
    optional: bool = Field(False, examples=[True])
    """Whether it may be empty."""
    default: Scalar | None = Field(None, examples=["open"])
    """Its value when none is given."""
    was: Identifier | None = Field(None, examples=["old_name"])
    """Its former name: it is renamed instead of made anew, and keeps its data."""
    unique: bool = Field(False, examples=[True])
    """Whether no two rows may share a value."""
    index: bool = Field(False, examples=[True])
    """Whether it is searched by."""
    pii: Pii | None = Field(None, examples=["phone"])
    """The kind of personal data it holds."""
    description: Text | None = Field(None, examples=["Number to call back."])
    """What it is."""

    @model_validator(mode="after")
    def _type_or_reference(self) -> Self:
        if (self.type is None) == (self.references is None):
            raise ValueError("expected either `type` or `references`")
        return self


def _long_column(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


AnyColumn = Annotated[
    Column, BeforeValidator(_long_column, json_schema_input_type=ColumnType | Column)
]


class Table(Shape):
    """One table."""

    columns: Annotated[dict[Identifier, AnyColumn], Field(min_length=1)] = Field(
        examples=[{"id": "serial", "name": {"type": "text", "pii": "name"}}]
    )
    """Its columns, in order; a `serial` one is the primary key."""
    unique: Many[Many[Identifier]] = Field((), examples=[[["doctor", "starts_at"]]])
    """Sets of columns that no two rows may share."""
    was: Identifier | None = Field(None, examples=["old_name"])
    """Its former name: it is renamed instead of made anew, and keeps its rows."""
    description: Text | None = Field(None, examples=["A time that can be booked."])
    """What a row is."""


class Database(Shape):
    """The data of a vertical."""

    tables: dict[Identifier, Table] = Field(
        default_factory=dict, examples=[{"patients": {"columns": {"id": "serial", "name": "text"}}}]
    )
    """Its tables."""
    seed: RelativePath | None = Field(None, examples=["seed/demo.yaml"])
    """Rows for demos and conversations; only ever loaded on request."""
