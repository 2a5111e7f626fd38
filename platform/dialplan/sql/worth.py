"""What the values of a column mean beyond their type: the words of an enum, amounts of money."""

from __future__ import annotations

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.kinds import currency_of, family, values_of
from dialplan.sql.scope import Fault, Finding, Kind
from dialplan.sql.tree import inner


def unknown_value(kind: Kind, value: Message, fault: Fault = "doubt") -> Finding | None:
    """What is wrong with a text beside a column that holds only some; nothing when it is one."""
    known = values_of(kind)
    while isinstance(value, pg.TypeCast):
        value = inner(value.arg)
    if not known or not isinstance(value, pg.A_Const) or value.WhichOneof("val") != "sval":
        return None
    written = value.sval.sval
    if written in known:
        return None
    shown = f"'{written}'"
    return Finding(fault, f"no row holds {shown} there", value.location, written, known)


def united(left: Kind, right: Kind, operator: str) -> Kind:
    """The type of a sum, difference, product or quotient, where it is an amount of money."""
    one, other = currency_of(left), currency_of(right)
    if operator in "+-":
        if one and (other == one or (not other and family(right) in (None, "number"))):
            return left
        return right if other and not one and family(left) in (None, "number") else None
    if operator == "/":
        return left if one and not other else None
    if one and other:
        return None
    return left if one else right if other else None
