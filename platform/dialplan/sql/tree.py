"""Walking what Postgres' parser makes of a statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.protobuf.message import Message
from postgast.pg_query_pb2 import Node


def inner(node: Message) -> Message:
    """What a `Node` holds, or the message itself."""
    if isinstance(node, Node):
        kind = node.WhichOneof("node")
        if kind is not None:
            held: Message = getattr(node, kind)
            return held
    return node


def children(message: Message) -> Iterator[Message]:
    """The messages directly inside, in order of their fields."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            yield inner(value)
        else:
            for item in value:
                yield inner(item)


def everything(message: Message) -> Iterator[Message]:
    """The message and all messages inside it, outermost first."""
    waiting = [inner(message)]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(list(children(one))))


def words(nodes: Iterable[Message]) -> list[str]:
    """The texts of a list of `String` nodes, such as a dotted name; `*` for a star."""
    return [str(getattr(inner(node), "sval", "*")) for node in nodes]
