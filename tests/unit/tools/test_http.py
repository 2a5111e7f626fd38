from zoneinfo import ZoneInfo

import pytest

from dialplan.errors import ToolError
from dialplan.model.tool import Http
from dialplan.model.vertical import Endpoint
from dialplan.tools.http import Prepared, prepare_request

UTC = ZoneInfo("UTC")
ENDPOINTS = {
    "ehr": Endpoint.model_validate(
        {"base_url": "https://ehr.example.com/api", "auth": {"bearer": "ehr_token"}}
    )
}
SECRETS = {"ehr_token": "s3cret"}


def prepare(http: dict[str, object], **values: object) -> Prepared:
    return prepare_request(Http.model_validate(http), ENDPOINTS, values, SECRETS, UTC)


def test_values_keep_their_type_in_the_body_and_are_encoded_in_the_address() -> None:
    request = prepare(
        {
            "post": "{{ endpoints.ehr }}/members/{{ member }}",
            "json": {"patient": "{{ state.patient_id }}", "note": "for {{ member }}"},
        },
        member="a/b?c#d",
        state={"patient_id": 7},
    )

    assert request.url == "https://ehr.example.com/api/members/a%2Fb%3Fc%23d"
    assert request.content == b'{"patient": 7, "note": "for a/b?c#d"}'
    assert request.headers["Authorization"] == "Bearer s3cret"


def test_neither_secrets_nor_values_are_in_the_repr() -> None:
    request = prepare({"get": "{{ endpoints.ehr }}/{{ name }}"}, name="Maria")

    assert repr(request) == "Prepared(GET ehr.example.com)"


@pytest.mark.parametrize(
    ("http", "value"),
    [
        ({"get": "https://evil.example.com/{{ x }}"}, "a"),
        ({"get": "{{ endpoints.ehr }}.evil.example.com/"}, "a"),
        ({"get": "{{ endpoints.ehr }}@evil.example.com/"}, "a"),
        ({"get": "{{ endpoints.ehr }}/{{ x }}/admin"}, ".."),
        ({"get": "{{ endpoints.ehr }}/", "headers": {"X-Name": "{{ x }}"}}, "a\r\nX-Evil: 1"),
        ({"get": "{{ endpoints.ehr }}/", "headers": {"Host": "{{ x }}"}}, "evil"),
    ],
)
def test_a_request_cannot_be_led_astray(http: dict[str, object], value: str) -> None:
    with pytest.raises(ToolError):
        prepare(http, x=value)


def test_a_missing_secret_is_named_before_anything_is_sent() -> None:
    http = Http.model_validate({"get": "{{ endpoints.ehr }}/"})

    with pytest.raises(ToolError, match="the secret `ehr_token` has no value"):
        prepare_request(http, ENDPOINTS, {}, {}, UTC)
