"""What the tables of a vertical may be."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from dialplan.model.shape import (
    CURRENCY,
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
    "decimal",
    "money",
    "boolean",
    "date",
    "time",
    "timestamptz",
    "phone",
    "email",
    "json",
    "uuid",
]
OnDelete = Literal["restrict", "cascade", "set_null"]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
"""A currency as ISO 4217 names it."""
Pii = Literal["name", "phone", "email", "birth_date", "address", "health", "financial", "id"]


class Computed(Shape):
    """A default that Postgres works out for each new row."""

    sql: Text = Field(examples=["now()"])
    """An SQL expression without columns."""


class ColumnCheck(Shape):
    """What the values of a column must be; an empty value is never refused by it."""

    minimum: float | None = Field(None, examples=[0])
    """Smallest number allowed."""
    maximum: float | None = Field(None, examples=[100])
    """Largest number allowed."""
    min_length: Annotated[int, Field(ge=0)] | None = Field(None, examples=[2])
    """Fewest characters allowed."""
    max_length: Annotated[int, Field(ge=1)] | None = Field(None, examples=[200])
    """Most characters allowed."""
    pattern: Text | None = Field(None, examples=["^[A-Z]{2}[0-9]{6}$"])
    """A regular expression, as Postgres reads it, that the text must match."""
    says: Text | None = Field(None, examples=["The number of guests must be between 1 and 12."])
    """What the model reads when a value is refused."""


class Column(Shape):
    """One column. Short form: its type."""

    model_config = rules(exactly_one("type", "references", "enum"))

    type: ColumnType | None = Field(None, examples=["text"])
    """What it holds; a column that `references` a table takes the type of its key."""
    references: Identifier | None = Field(None, examples=["patients"])
    """The table whose `id` this points at."""
    enum: Annotated[Many[Text], Field(min_length=1)] | None = Field(
        None, examples=[["booked", "cancelled"]]
    )
    """The only texts that it may hold."""
    on_delete: OnDelete = Field("restrict", examples=["cascade"])
    """What becomes of this row when the one it points at is deleted; `restrict` refuses that."""
    precision: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, examples=[12])
    """How many digits a `decimal` has, those after the point included."""
    scale: Annotated[int, Field(ge=0, le=1000)] | None = Field(None, examples=[2])
    """How many digits a `decimal` has after the point."""
    currency: Currency | None = Field(None, examples=["USD"])
    """The currency of `money`; amounts have two digits after the point."""
    optional: bool = Field(False, examples=[True])
    """Whether it may be empty."""
    default: Scalar | Computed | None = Field(None, examples=["open"])
    """Its value when none is given; `now` in a moment, `today` in a date, or `{sql: ...}`."""
    computed: Text | None = Field(None, examples=["lower(name)"])
    """An SQL expression over the other columns of the row: Postgres keeps it, nobody writes it."""
    check: ColumnCheck | None = Field(None, examples=[{"minimum": 0}])
    """What its values must be."""
    says: Text | None = Field(None, examples=["No such stylist works here."])
    """What the model reads when a value is refused, where the rule that refuses it says nothing."""
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
        if sum(one is not None for one in (self.type, self.references, self.enum)) != 1:
            raise ValueError("expected exactly one of `type`, `references` and `enum`")
        return self

    @property
    def filled(self) -> bool:
        """Whether a new row has a value although none is given."""
        made = self.type == "serial" or (self.type == "uuid" and not self.optional)
        return made or self.default is not None or self.computed is not None

    @property
    def required(self) -> bool:
        """Whether a new row must be given a value."""
        return not self.optional and not self.filled


def _long_column(written: object) -> object:
    return {"type": written} if isinstance(written, str) else written


AnyColumn = Annotated[
    Column, BeforeValidator(_long_column, json_schema_input_type=ColumnType | Column)
]


Columns = Annotated[Many[Identifier], Field(min_length=1)]


class Unique(Shape):
    """Columns that no two rows may share. Short form: the columns."""

    columns: Columns = Field(examples=[["doctor", "starts_at"]])
    """The columns, together."""
    where: Text | None = Field(None, examples=["status <> 'cancelled'"])
    """An SQL expression: only rows for which it holds are compared."""
    says: Text | None = Field(None, examples=["That time has just been taken; offer another."])
    """What the model reads when a row is refused."""


class NoOverlap(Shape):
    """A span of time, or of numbers, that no two rows may share a part of."""

    columns: Annotated[Many[Identifier], Field(min_length=2, max_length=2)] = Field(
        examples=[["starts_at", "ends_at"]]
    )
    """Where it begins and ends; the end itself is free again, and no end is for ever."""
    per: Many[Identifier] = Field((), examples=[["stylist_id"]])
    """Only rows that share these are compared."""
    where: Text | None = Field(None, examples=["status <> 'cancelled'"])
    """An SQL expression: only rows for which it holds are compared."""
    says: Text | None = Field(None, examples=["That time has just been taken; offer another."])
    """What the model reads when a row is refused."""


class RowCheck(Shape):
    """What must hold for each row. Short form: the SQL."""

    sql: Text = Field(examples=["ends_at > starts_at"])
    """An SQL expression over the columns of the row."""
    says: Text | None = Field(None, examples=["A booking must end after it starts."])
    """What the model reads when a row is refused."""


class Index(Shape):
    """Columns that rows are searched by. Short form: the columns."""

    columns: Columns = Field(examples=[["doctor", "starts_at"]])
    """The columns, together; the first ones alone are served too."""
    where: Text | None = Field(None, examples=["status = 'open'"])
    """An SQL expression: only rows for which it holds are in the index."""


def _long_columns(written: object) -> object:
    return {"columns": written} if isinstance(written, list | tuple) else written


def _long_check(written: object) -> object:
    return {"sql": written} if isinstance(written, str) else written


AnyUnique = Annotated[
    Unique, BeforeValidator(_long_columns, json_schema_input_type=Columns | Unique)
]
AnyIndex = Annotated[Index, BeforeValidator(_long_columns, json_schema_input_type=Columns | Index)]
AnyCheck = Annotated[RowCheck, BeforeValidator(_long_check, json_schema_input_type=Text | RowCheck)]


class Table(Shape):
    """One table."""

    columns: Annotated[dict[Identifier, AnyColumn], Field(min_length=1)] = Field(
        examples=[{"id": "serial", "name": {"type": "text", "pii": "name"}}]
    )
    """Its columns, in order; a `serial` one, or an `id` of type `uuid`, is the primary key."""
    unique: Many[AnyUnique] = Field((), examples=[[["doctor", "starts_at"]]])
    """Sets of columns that no two rows may share."""
    no_overlap: Many[NoOverlap] = Field(
        (), examples=[[{"columns": ["starts_at", "ends_at"], "per": ["stylist_id"]}]]
    )
    """Spans that no two rows may share a part of: no two bookings of one stylist overlap."""
    check: Many[AnyCheck] = Field((), examples=[["ends_at > starts_at"]])
    """What must hold for each row."""
    indexes: Many[AnyIndex] = Field((), examples=[[["status", "starts_at"]]])
    """Sets of columns that rows are searched by."""
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
