"""The emulated routes of a service that a vertical talks to, for rehearsals without it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dialplan.model.shape import Duration, Json, Many, Shape
from dialplan.model.shape import parse_duration as _duration

RoutePath = Annotated[str, Field(pattern=r"^/\S*$")]


class Route(Shape):
    """One request and its answer: exactly one method, with the path after `base_url`."""

    get: RoutePath | None = None
    """Path of a GET request."""
    post: RoutePath | None = None
    """Path of a POST request."""
    put: RoutePath | None = None
    """Path of a PUT request."""
    patch: RoutePath | None = None
    """Path of a PATCH request."""
    delete: RoutePath | None = None
    """Path of a DELETE request."""
    when: dict[str, Json] = Field(default_factory=dict)
    """Members of the JSON body (or the query, as text) that must be equal; empty takes all."""
    status: Annotated[int, Field(ge=200, le=599)] = 200
    """Status of the answer."""
    delay: Duration = _duration("0s")
    """How long the answer takes."""
    body: Json = Field(default=None, alias="json")
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

    routes: Annotated[Many[Route], Field(min_length=1)]
    """In order."""
