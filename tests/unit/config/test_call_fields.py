import pytest

from dialplan.config.call_fields import unlike
from dialplan.model.after_call import CallField


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ({"enum": ("a", "b")}, "a", ""),
        ({"enum": ("a", "b")}, True, "one of `a`, `b`"),
        ({"type": "boolean"}, False, ""),
        ({"type": "boolean"}, 0, "`true` or `false`"),
        ({"type": "integer"}, True, "a whole number"),
        ({"type": "integer"}, 1.5, "a whole number"),
        ({"type": "integer", "minimum": 0, "maximum": 10}, 10, ""),
        ({"type": "integer", "minimum": 0, "maximum": 10}, 11, "at most 10"),
        ({"type": "number", "minimum": 0.5}, 0.25, "at least 0.5"),
        ({"type": "number"}, "1", "a number"),
        ({"type": "string"}, "x" * 1000, ""),
        ({"type": "string"}, "x" * 1001, "at most 1000 characters"),
        ({"type": "date"}, "2026-02-30", "a date, such as `2026-03-02`"),
        ({"type": "time"}, "14:30", ""),
        ({"type": "datetime"}, "2026-03-02T14:30", ""),
        ({"type": "email"}, 3, "text (with quotes, if it looks like a number)"),
        ({"type": "phone"}, "+15550107788", ""),
    ],
)
def test_what_a_field_can_never_hold_is_said_by_what_it_holds(
    field: dict[str, object], value: object, expected: str
) -> None:
    assert unlike(CallField.model_validate(field), value) == expected
