"""The emulated routes of a service that a vertical talks to, for rehearsals without it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dialplan.model.endpoint import HeaderName
from dialplan.model.shape import (
    Duration,
    Identifier,
    Json,
    Many,
    Scalar,
    Shape,
    Template,
    at_most_one,
    exactly_one,
    rules,
)
from dialplan.model.shape import parse_duration as _duration

ROUTE = r"^/[!-~]*$"

RoutePath = Annotated[str, Field(pattern=ROUTE)]


class Route(Shape):
    """One request and its answer: exactly one method, with the path after `base_url`.

    A segment of the path such as `{id}` takes anything and gives it its name.
    """

    model_config = rules(
        exactly_one("get", "post", "put", "patch", "delete"), at_most_one("json", "form", "text")
    )

    get: RoutePath | None = Field(None, examples=["/patients/{id}"])
    """Path of a GET request."""
    post: RoutePath | None = Field(None, examples=["/eligibility"])
    """Path of a POST request."""
    put: RoutePath | None = Field(None, examples=["/patients/1"])
    """Path of a PUT request."""
    patch: RoutePath | None = Field(None, examples=["/patients/1"])
    """Path of a PATCH request."""
    delete: RoutePath | None = Field(None, examples=["/visits/3"])
    """Path of a DELETE request."""
    when: dict[str, Json] = Field(
        default_factory=dict, examples=[{"member": "M-100", "state.open": True}]
    )
    """What must be equal for this route to answer: members of the JSON or form body, of the query
    or of the path (as text), and of what the service remembers (`state.name`). Empty takes all."""
    times: Annotated[int, Field(ge=1, le=1000)] | None = Field(None, examples=[2])
    """How often this route answers before it is passed over; without it, always."""
    status: Annotated[int, Field(ge=200, le=599)] = Field(200, examples=[404])
    """Status of the answer."""
    delay: Duration = Field(_duration("0s"), examples=["800ms"])
    """How long the answer takes."""
    headers: dict[HeaderName, Template] = Field(
        default_factory=dict, examples=[{"Retry-After": "1"}]
    )
    """Headers of the answer."""
    body: Json = Field(
        default=None, alias="json", examples=[{"id": "{{ request.id }}", "plan_name": "Gold"}]
    )
    """The JSON answer. Texts in it are templates: `request.` has what `when` can ask for, and
    `state.` what the service remembers."""
    form: dict[str, Template] | None = Field(None, examples=[{"result": "ok"}])
    """An answer as `application/x-www-form-urlencoded`."""
    text: Template | None = Field(None, examples=["OK {{ request.id }}"])
    """An answer as plain text."""
    set: dict[Identifier, Scalar] = Field(
        default_factory=dict, examples=[{"open": True, "subject": "{{ request.subject }}"}]
    )
    """What the service remembers from now on, until the rehearsal ends. Texts are templates."""

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if sum(1 for _ in self._paths()) != 1:
            raise ValueError("expected exactly one of `get`, `post`, `put`, `patch` and `delete`")
        if len({"body", "form", "text"} & self.model_fields_set) > 1:
            raise ValueError("expected at most one of `json`, `form` and `text`")
        return self

    def _paths(self) -> list[tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], str]]:
        pairs: list[tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], str | None]] = [
            ("GET", self.get),
            ("POST", self.post),
            ("PUT", self.put),
            ("PATCH", self.patch),
            ("DELETE", self.delete),
        ]
        return [(method, path) for method, path in pairs if path is not None]

    @property
    def method(self) -> Literal["GET", "POST", "PUT", "PATCH", "DELETE"]:
        """The HTTP method."""
        return self._paths()[0][0]

    @property
    def path(self) -> str:
        """The path after `base_url`."""
        return self._paths()[0][1]


class Rehearsal(Shape):
    """Routes of one service; the first that matches answers, none is a 404."""

    routes: Annotated[Many[Route], Field(min_length=1)] = Field(
        examples=[[{"post": "/eligibility", "json": {"active": True}}]]
    )
    """In order."""
