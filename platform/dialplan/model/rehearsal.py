"""The emulated routes of a service that a vertical talks to, for rehearsals without it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dialplan.model.shape import Duration, Json, Many, Shape, exactly_one, rules
from dialplan.model.shape import parse_duration as _duration

RoutePath = Annotated[str, Field(pattern=r"^/[!-~]*$")]


class Route(Shape):
    """One request and its answer: exactly one method, with the path after `base_url`."""

    model_config = rules(exactly_one("get", "post", "put", "patch", "delete"))

    get: RoutePath | None = Field(None, examples=["/patients"])
    """Path of a GET request."""
    post: RoutePath | None = Field(None, examples=["/eligibility"])
    """Path of a POST request."""
    put: RoutePath | None = Field(None, examples=["/patients/1"])
    """Path of a PUT request."""
    patch: RoutePath | None = Field(None, examples=["/patients/1"])
    """Path of a PATCH request."""
    delete: RoutePath | None = Field(None, examples=["/visits/3"])
    """Path of a DELETE request."""
    when: dict[str, Json] = Field(default_factory=dict, examples=[{"member": "M-100"}])
    """Members of the JSON body (or the query, as text) that must be equal; empty takes all."""
    status: Annotated[int, Field(ge=200, le=599)] = Field(200, examples=[404])
    """Status of the answer."""
    delay: Duration = Field(_duration("0s"), examples=["800ms"])
    """How long the answer takes."""
    body: Json = Field(default=None, alias="json", examples=[{"active": True, "plan_name": "Gold"}])
    """The JSON answer, given as it stands."""

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if sum(1 for _ in self._paths()) != 1:
            raise ValueError("expected exactly one of `get`, `post`, `put`, `patch` and `delete`")
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
