"""Data that a published schema should take, made from the schema itself for Hypothesis."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Schema = dict[str, Any]

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.text(max_size=8), st.just(1.5)
)
JSON: SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)


def data_of(schema: Schema, root: Schema, depth: int = 0) -> SearchStrategy[Any]:
    """Values of a schema; rules over several keys hold for the choice of one key, not for all."""
    if "$ref" in schema:
        return data_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root, depth)
    if "anyOf" in schema:
        return st.one_of([data_of(one, root, depth) for one in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return _text(schema)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**6))
        case "number":
            return st.floats(-1e9, 1e9) | st.integers(-(10**17), 10**17)
        case "array":
            least = schema.get("minItems", 0)
            inner = data_of(schema["items"], root, depth + 1)
            return st.lists(inner, min_size=least, max_size=max(least, 2))
        case "object":
            return _mapping(schema, root, depth)
        case _:
            return JSON


def _text(schema: Schema) -> SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].removesuffix("$") + r"\Z")
    return st.text(min_size=schema.get("minLength", 0), max_size=12)


def _mapping(schema: Schema, root: Schema, depth: int) -> SearchStrategy[dict[str, Any]]:
    known: Schema = schema.get("properties", {})
    # One key of each, or none where a rule has a branch for that.
    choices = [
        [branch.get("required", [None])[0] for branch in rule["oneOf"]]
        for rule in schema.get("allOf", [])
        if "oneOf" in rule
    ]
    single = {key for choice in choices for key in choice}
    required = set(schema.get("required", []))

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        wanted = [key for key in known if key in required]
        optional = [key for key in known if key not in required | single]
        if optional and depth < 8:
            wanted += draw(st.lists(st.sampled_from(optional), max_size=4, unique=True))
        chosen = [draw(st.sampled_from(choice)) for choice in choices]
        wanted += [key for key in chosen if key is not None]
        found = {key: draw(data_of(known[key], root, depth + 1)) for key in wanted}
        least = schema.get("minProperties", 0)
        for pattern, inner in schema.get("patternProperties", {}).items():
            keys = draw(st.lists(_text({"pattern": pattern}), min_size=least, max_size=2))
            found |= {key: draw(data_of(inner, root, depth + 1)) for key in keys}
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            keys = draw(st.lists(st.text(max_size=6), min_size=least, max_size=2))
            found |= {key: draw(data_of(extra, root, depth + 1)) for key in keys}
        return found

    return made()
