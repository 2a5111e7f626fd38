from datetime import date, time

import pytest

from dialplan.prompts.render import (
    LANGUAGE,
    TemplateProblem,
    names_used,
    render,
    texts_compared,
    verbatim,
)


def test_values_are_filled_in_without_escaping() -> None:
    assert render("Hi {{ name }}", {"name": "<O'Hara>"}) == "Hi <O'Hara>"


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(TemplateProblem, match="`name` is undefined"):
        render("Hi {{ name }}", {})


def test_a_template_cannot_reach_into_python() -> None:
    with pytest.raises(TemplateProblem):
        render("{{ x.__class__.__mro__ }}", {"x": 1})


def test_more_text_than_the_limit_is_an_error() -> None:
    with pytest.raises(TemplateProblem, match="at most 10 characters"):
        render("{% for x in xs %}abc{% endfor %}", {"xs": [1, 2, 3, 4]}, most=10)


def test_a_failing_filter_does_not_tell_the_value() -> None:
    with pytest.raises(TemplateProblem) as failure:
        render("{{ born | spoken_date }}", {"born": "secret words"})

    assert "secret" not in str(failure.value)


def test_text_without_braces_is_given_back_as_it_is() -> None:
    assert render("100% sure", {}) == "100% sure"


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ a }} {{ b | upper }}", {"a", "b"}),
        ("{{ state.id }} {{ state['name'] }}", {"state.id", "state.name"}),
        ("{% for row in rows %}{{ row.at }}{{ other }}{% endfor %}", {"rows", "other"}),
        ("{{ response.json.active }}", {"response.json"}),
        ("plain", set()),
    ],
)
def test_the_names_a_template_needs_are_found(template: str, names: set[str]) -> None:
    assert names_used(template) == names


def test_a_broken_template_says_its_line() -> None:
    with pytest.raises(TemplateProblem) as failure:
        names_used("one\n{{ two")

    assert failure.value.line == 2


def test_an_unknown_filter_is_found_before_it_is_used() -> None:
    with pytest.raises(TemplateProblem, match="no filter named `shout`"):
        names_used("{{ x | shout }}")


def test_a_word_for_word_request_holds_the_text() -> None:
    assert verbatim("Hello.") == (
        "Say this to the caller, word for word, and nothing else: “Hello.”"
    )


def test_a_member_wins_over_a_method_of_the_same_name() -> None:
    names = {"fields": {"items": 3, "values": "two"}}

    assert render("{{ fields.items }} {{ fields.values }}", names) == "3 two"
    assert (
        render("{% for name, one in fields.items() %}{{ name }}{% endfor %}", {"fields": {"a": 1}})
        == "a"
    )


@pytest.mark.parametrize(
    ("template", "compared"),
    [
        ("no braces == 'text'", set()),
        ("{{ fields.mood == 'angry' }}", {("fields.mood", "angry")}),
        ("{{ 'angry' != fields['mood'] }}", {("fields.mood", "angry")}),
        ("{{ fields.mood in ['a', 'b', 3] }}", {("fields.mood", "a"), ("fields.mood", "b")}),
        (
            "{% if fields.mood == 'a' %}{{ call.reason == 'b' }}{% endif %}",
            {("fields.mood", "a"), ("call.reason", "b")},
        ),
        ("{{ 'part' in fields.note }}{{ fields.score > 3 }}{{ fields.x == fields.y }}", set()),
    ],
)
def test_the_texts_that_names_are_compared_with_are_found(
    template: str, compared: set[tuple[str, str]]
) -> None:
    assert texts_compared(template) == compared


def test_filters_speak_the_language_of_the_line() -> None:
    words = (
        "{{ day | spoken_date }}: {% for sum in sums %}{{ sum | money }} {% endfor %}"
        "{{ times | map('spoken_time') | join('/') }}"
    )
    values = {"day": date(2026, 3, 3), "sums": ["1.50 EUR"], "times": [time(9), time(13, 30)]}

    assert render(words, values) == "Tuesday, March 3: 1 euro and 50 cents 9 AM/1:30 PM"
    spanish = render(words, {**values, LANGUAGE: "es-ES"})
    assert spanish == "martes, 3 de marzo: 1,50 euros 9:00/13:30"


def test_one_compiled_template_serves_several_languages() -> None:
    said = [render("{{ '45 EUR' | money }}", {LANGUAGE: tag}) for tag in ("de", "en", "es")]

    assert said == ["45 Euro", "45 euros", "45 euros"]
