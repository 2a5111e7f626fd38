from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

from dialplan.errors import TelephonyError
from dialplan.protocols.twilio.signature import parse_form
from dialplan.telephony.rest import ATTEMPTS, TwilioRest


class Api:
    """An HTTP transport that records requests and answers from a list."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rest(self) -> TwilioRest:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return TwilioRest(
            httpx.AsyncClient(transport=httpx.MockTransport(self)),
            base_url="https://api.example/",
            account_sid="AC1",
            username="SK1",
            password="secret",
            sleep=sleep,
            jitter=lambda: 0.5,
        )


def error(status: int, code: int) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "The number +1555", "status": 400})


async def test_a_redirect_posts_the_document_with_basic_authentication() -> None:
    api = Api(httpx.Response(200, json={"sid": "CA1"}))

    await api.rest().redirect("CA1", "<Response/>")

    (request,) = api.requests
    assert str(request.url) == "https://api.example/2010-04-01/Accounts/AC1/Calls/CA1.json"
    assert parse_form(request.content) == [("Twiml", "<Response/>")]
    assert request.headers["Authorization"] == "Basic " + b64encode(b"SK1:secret").decode()


async def test_a_hang_up_completes_the_call() -> None:
    api = Api(httpx.Response(200, json={"sid": "CA1"}))

    await api.rest().hang_up("CA1")

    assert parse_form(api.requests[0].content) == [("Status", "completed")]


@pytest.mark.parametrize("answer", [error(400, 21220), error(404, 20404)])
async def test_a_call_that_is_over_counts_as_hung_up(answer: httpx.Response) -> None:
    await Api(answer).rest().hang_up("CA1")


async def test_a_redirect_of_a_call_that_is_over_is_an_error() -> None:
    with pytest.raises(TelephonyError) as refusal:
        await Api(error(400, 21220)).rest().redirect("CA1", "<Response/>")

    assert (refusal.value.status, refusal.value.code) == (400, 21220)


async def test_a_message_is_sent_and_its_sid_returned() -> None:
    api = Api(httpx.Response(201, json={"sid": "SM1", "status": "queued"}))

    assert await api.rest().send_message(to="+1", from_="+2", body="Hi é") == "SM1"
    assert parse_form(api.requests[0].content) == [("To", "+1"), ("From", "+2"), ("Body", "Hi é")]


async def test_a_refusal_tells_status_and_code_but_no_number() -> None:
    with pytest.raises(TelephonyError, match="code 21211") as refusal:
        await Api(error(400, 21211)).rest().send_message(to="+1555", from_="+2", body="Hi")

    assert "+1555" not in str(refusal.value)


async def test_a_refusal_without_json_still_tells_its_status() -> None:
    with pytest.raises(TelephonyError, match="status 403, code 0"):
        await Api(httpx.Response(403, text="<html>")).rest().redirect("CA1", "<Response/>")


async def test_too_many_requests_are_tried_again_later_and_later() -> None:
    api = Api(error(429, 20429), error(429, 20429), httpx.Response(201, json={"sid": "SM1"}))

    assert await api.rest().send_message(to="+1", from_="+2", body="Hi") == "SM1"
    assert api.slept == [0.25, 0.5]


async def test_attempts_are_limited() -> None:
    api = Api(*[error(429, 20429) for _ in range(ATTEMPTS)])

    with pytest.raises(TelephonyError, match="status 429"):
        await api.rest().send_message(to="+1", from_="+2", body="Hi")
    assert len(api.requests) == ATTEMPTS


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ConnectTimeout("x")])
async def test_a_message_is_tried_again_when_nothing_was_sent(failure: Exception) -> None:
    api = Api(failure, httpx.Response(201, json={"sid": "SM1"}))

    assert await api.rest().send_message(to="+1", from_="+2", body="Hi") == "SM1"


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
async def test_a_message_that_may_have_been_sent_is_not_sent_twice(failure: Exception) -> None:
    api = Api(failure)

    with pytest.raises(TelephonyError) as unclear:
        await api.rest().send_message(to="+1", from_="+2", body="Hi")
    assert (len(api.requests), unclear.value.status) == (1, 0)


async def test_a_message_is_not_sent_twice_after_a_server_error() -> None:
    api = Api(error(500, 20500))

    with pytest.raises(TelephonyError):
        await api.rest().send_message(to="+1", from_="+2", body="Hi")
    assert len(api.requests) == 1


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("x"), httpx.Response(503)])
async def test_a_hang_up_is_tried_again_after_anything(failure: httpx.Response | Exception) -> None:
    api = Api(failure, httpx.Response(200, json={}))

    await api.rest().hang_up("CA1")

    assert len(api.requests) == 2


async def test_an_answer_without_a_sid_is_an_error() -> None:
    with pytest.raises(TelephonyError, match="expected `sid`"):
        await Api(httpx.Response(201, json=[])).rest().send_message(to="+1", from_="+2", body="Hi")


async def test_a_call_sid_cannot_leave_its_path() -> None:
    api = Api(httpx.Response(200, json={}))

    await api.rest().redirect("../../x", "<Response/>")

    assert api.requests[0].url.raw_path.endswith(b"/Calls/..%2F..%2Fx.json")
