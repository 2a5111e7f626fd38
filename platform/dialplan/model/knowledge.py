"""What a vertical answers from: collections of articles, and who turns texts into vectors."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from dialplan.model.shape import Many, RelativePath, Shape, Text, rules

SOURCE = r"^([A-Za-z0-9_*-][A-Za-z0-9_.* -]*/){0,10}([A-Za-z0-9_*-][A-Za-z0-9_.* -]*)?$"

SourcePath = Annotated[str, Field(pattern=SOURCE, min_length=1)]

TextLanguage = Literal["en", "de", "es", "fr", "it", "nl", "pt", "other"]


class Collection(Shape):
    """Articles that tools search together."""

    sources: Annotated[Many[SourcePath], Field(min_length=1)] = Field(
        examples=[["knowledge/*.md", "knowledge/handbook.pdf", "knowledge/site/"]]
    )
    """Files, globs and folders inside the vertical's folder: Markdown, HTML, PDF and plain text."""
    language: TextLanguage = Field("en", examples=["de"])
    """The language of the articles, for the stems of their words; `other` takes words as they are.
    The local embeddings know English."""
    tests: RelativePath | None = Field(None, examples=["knowledge/tests.yaml"])
    """Questions with the articles that answer them, for `dialplan knowledge test`."""


_REMOTE = "`provider: openai` with `model` and `dimensions`"


class Embeddings(Shape):
    """Who turns texts into vectors. Short form: the provider."""

    model_config = rules(
        {
            "if": {"anyOf": [{"required": ["model"]}, {"required": ["dimensions"]}]},
            "then": {
                "required": ["provider"],
                "properties": {"provider": {"enum": ["openai"], "description": _REMOTE}},
                "description": _REMOTE,
            },
        }
    )

    provider: Literal["local", "openai"] = Field("local", examples=["openai"])
    """`local` needs no key and no network; `openai` asks the endpoint of the settings."""
    model: Text | None = Field(None, examples=["text-embedding-3-small"])
    """The provider's model; `text-embedding-3-small` unless said otherwise. Not with `local`."""
    dimensions: Annotated[int, Field(ge=64, le=3072)] | None = Field(None, examples=[512])
    """How many numbers a vector has; 512 unless said otherwise. Not with `local`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.provider == "local" and (self.model or self.dimensions):
            raise ValueError(f"expected {_REMOTE}")
        return self


def _long_embeddings(written: object) -> object:
    return {"provider": written} if isinstance(written, str) else written


AnyEmbeddings = Annotated[
    Embeddings,
    BeforeValidator(
        _long_embeddings, json_schema_input_type=Literal["local", "openai"] | Embeddings
    ),
]
