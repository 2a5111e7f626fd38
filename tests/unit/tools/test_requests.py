from datetime import UTC as WORLD
from datetime import datetime
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from dialplan.errors import ToolError
from dialplan.model.endpoint import Endpoint
from dialplan.model.tool import Http
from dialplan.prompts.render import TemplateProblem
from dialplan.tools.requests import Prepared, prepare_request, token_request

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
        ({"get": "{{ endpoints.ehr }}/", "headers": {"X-Name": "{{ x }}"}}, "a\u2028b"),
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


@pytest.mark.parametrize("value", ["../../admin", "a/b", "a\\b", "%2e%2e", "..%2f", "é", "a\r\nb"])
def test_a_value_stays_in_its_segment_of_the_path(value: str) -> None:
    request = prepare({"get": "{{ endpoints.ehr }}/members/{{ x }}/plan"}, x=value)

    path = request.url.removeprefix("https://ehr.example.com/api")
    assert path.count("/") == 3
    assert path.startswith("/members/")
    assert path.endswith("/plan")
    assert path.isascii()
    assert path.isprintable()


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_value_is_not_another_address(value: object) -> None:
    with pytest.raises(TemplateProblem, match="a value in it is missing"):
        prepare({"get": "{{ endpoints.ehr }}/members/{{ x }}"}, x=value)


def test_a_moment_is_written_for_machines_in_an_address() -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=WORLD)

    request = prepare({"get": "{{ endpoints.ehr }}/at/{{ x }}"}, x=moment)

    assert request.url.endswith("/at/2026-03-02T09%3A00%3A00%2B00%3A00")


def test_a_form_and_a_text_carry_their_types() -> None:
    form = prepare({"post": "{{ endpoints.ehr }}/", "form": {"who": "{{ x }}"}}, x="A&b=c d")
    text = prepare({"post": "{{ endpoints.ehr }}/", "text": "For {{ x }}."}, x="Zoë")
    xml = prepare(
        {
            "post": "{{ endpoints.ehr }}/",
            "text": "<a/>",
            "headers": {"content-type": "application/xml"},
        }
    )

    assert form.content == b"who=A%26b%3Dc+d"
    assert form.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert text.content == "For Zoë.".encode()
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Content-Type" not in xml.headers


def test_a_request_has_one_body() -> None:
    with pytest.raises(ValueError, match="at most one of `json`, `form` and `text`"):
        Http.model_validate({"post": "{{ endpoints.ehr }}/", "json": {}, "text": "a"})


def authorised(auth: dict[str, object], **secrets: str) -> Prepared:
    it = Endpoint.model_validate({"base_url": "https://ehr.example.com/api", "auth": auth})
    http = Http.model_validate({"get": "{{ endpoints.ehr }}/"})
    return prepare_request(http, {"ehr": it}, {}, secrets, UTC, tenant="lakeside")


def test_a_name_and_a_password_are_sent_as_basic() -> None:
    written = authorised({"basic": {"user": "desk", "password": "pw"}}, pw="open sesame")
    named = authorised({"basic": {"user": "who", "password": "pw"}}, pw="p", who="Aladdin")

    assert written.headers["Authorization"] == "Basic ZGVzazpvcGVuIHNlc2FtZQ=="
    assert named.headers["Authorization"] == "Basic QWxhZGRpbjpw"


def test_a_key_is_sent_in_its_header() -> None:
    assert authorised({"header": {"X-Api-Key": "key"}}, key="k1").headers == {"X-Api-Key": "k1"}


def test_a_secret_with_a_line_break_is_not_sent_and_not_told() -> None:
    with pytest.raises(ToolError, match="the header `X-Api-Key` cannot be sent") as caught:
        authorised({"header": {"X-Api-Key": "key"}}, key="s3cret\n")

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("send", ["header", "body"])
def test_a_token_is_asked_for_as_the_service_wants_it(send: str) -> None:
    oauth2 = {
        "token_url": "https://login.example.com/token",
        "client_id": "cid",
        "client_secret": "pw",
        "scope": "a b",
        "send": send,
    }
    request = authorised({"oauth2": oauth2}, pw="p&w")
    login = request.login
    assert login is not None

    asked = token_request(login, request.endpoint)

    fields = parse_qs((asked.content or b"").decode())
    assert asked.url == "https://login.example.com/token"
    assert fields["grant_type"] == ["client_credentials"]
    assert fields["scope"] == ["a b"]
    if send == "body":
        assert (fields["client_id"], fields["client_secret"]) == (["cid"], ["p&w"])
        assert "Authorization" not in asked.headers
    else:
        assert asked.headers["Authorization"] == "Basic Y2lkOnAlMjZ3"
        assert "client_secret" not in fields
    assert "p&w" not in repr(login)


def test_there_is_one_way_to_authorise() -> None:
    with pytest.raises(ValueError, match="exactly one of `bearer`, `basic`, `oauth2` and `header`"):
        authorised({"bearer": "a", "header": {"X-Api-Key": "b"}})
