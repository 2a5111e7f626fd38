"""Examples for the reference: how real files write a key, cut out as they stand."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

MOST = 80
"""The longest example that fits a line, in characters."""
ANY = "*"
"""Stands in a path for any name and any place in a list."""

_TEXT = "tag:yaml.org,2002:str"
_ADDRESS = '"{{ endpoints.shop }}/orders/{{ number }}"'
WRITTEN = {
    "agents.NAME.handoffs.NAME.carry": "carry: [customer_id]",
    "tools.NAME.parameters.NAME.enum": "enum: [small, large]",
    "tools.NAME.parameters.NAME.pattern": 'pattern: "^[A-Z]{2}[0-9]{4}$"',
    **{f"tools.NAME.http.{one}": f"{one}: {_ADDRESS}" for one in ("get", "put", "patch", "delete")},
    "tools.NAME.http.query": 'query: {page: "1"}',
    "tools.NAME.http.headers": "headers: {X-Channel: phone}",
    "tenants.NAME.twilio": 'twilio: {account: "env:SHOP_ACCOUNT", token: "env:SHOP_TOKEN"}',
    "tenants.NAME.twilio.account": 'account: "env:SHOP_ACCOUNT"',
    "tenants.NAME.twilio.token": 'token: "env:SHOP_TOKEN"',
    "turns": "turns: [{caller: Hello.}]",
    "routes": "routes: [{get: /orders}]",
    "questions": "questions: [{ask: The tunnel says 809., expect: vpn-error-809.md}]",
    "embeddings": "embeddings: openai",
    "embeddings.provider": "provider: openai",
    "embeddings.model": "model: text-embedding-3-small",
    "embeddings.dimensions": "dimensions: 512",
}
"""Examples of keys that no shipped file may use, by their place."""

_KINDS = {
    "vertical": ("*/vertical.yaml",),
    "tenants": ("tenants.yaml",),
    "conversation": ("*/conversations/*.yaml",),
    "rehearsal": ("*/rehearsal/*.yaml",),
    "retrieval": ("*/knowledge/tests.yaml",),
}


@dataclass(frozen=True, slots=True)
class Examples:
    """The files that examples are taken from, by kind."""

    documents: dict[str, tuple[yaml.Node, ...]]

    @classmethod
    def under(cls, folder: Path) -> Examples:
        """Read every file of a folder of verticals."""
        return cls(
            {
                kind: tuple(
                    node
                    for pattern in patterns
                    for file in sorted(folder.glob(pattern))
                    if (node := yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)) is not None
                )
                for kind, patterns in _KINDS.items()
            }
        )

    def of(self, kind: str, path: Sequence[str], apart: Container[str] = ()) -> str | None:
        """Return the shortest way that a file writes `key: value` at a path, None without one.

        What is too long for a line is cut, with `...` in the place of the rest. Keys in `apart`
        are passed over.
        """
        pairs = [
            (key, value)
            for document in self.documents.get(kind, ())
            for key, value in _at(document, path)
            if key.value not in apart
        ]
        whole = {written for key, value in pairs if (written := _written(key, value)) is not None}
        cut = {
            written for key, value in pairs if (written := _written(key, _cut(value))) is not None
        }
        return min(whole or cut, key=lambda one: (len(one), one), default=None)


def _at(node: yaml.Node, path: Sequence[str]) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    first, *rest = path
    if isinstance(node, yaml.SequenceNode):
        if first == ANY:
            for item in node.value:
                yield from _at(item, rest) if rest else ()
        return
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if first not in (ANY, key.value):
            continue
        if rest:
            yield from _at(value, rest)
        else:
            yield key, value


def _written(key: yaml.Node, value: yaml.Node) -> str | None:
    pair = yaml.MappingNode("tag:yaml.org,2002:map", [(key, value)], flow_style=False)
    _flow(value)
    text = yaml.serialize(pair, Dumper=yaml.SafeDumper, width=10_000, allow_unicode=True).strip()
    return text if "\n" not in text and len(text) <= MOST else None


def _flow(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        node.flow_style = True
        for key, value in node.value:
            _flow(key)
            _flow(value)
    elif isinstance(node, yaml.SequenceNode):
        node.flow_style = True
        for item in node.value:
            _flow(item)


def _cut(node: yaml.Node) -> yaml.Node:
    rest = yaml.ScalarNode(_TEXT, "...", style=None)
    if isinstance(node, yaml.MappingNode):
        return yaml.MappingNode(node.tag, [(key, rest) for key, _ in node.value[:1]])
    if isinstance(node, yaml.SequenceNode):
        return yaml.SequenceNode(node.tag, [*node.value[:1], rest])
    words = str(node.value).split()[:8]
    return yaml.ScalarNode(_TEXT, " ".join([*words, "..."]), style=None)
