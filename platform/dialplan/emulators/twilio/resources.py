"""The JSON of the emulated REST API: resources, lists and errors as Twilio shapes them.

Numbers and dates are strings where Twilio writes strings. Pure: nothing here looks anything up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from dialplan.emulators.twilio.record import CallRecord, Notification, RecordingTaken
from dialplan.protocols.audio import duration_ms

API_VERSION = "2010-04-01"
LIVE = ("queued", "ringing", "in-progress")
"""The statuses of a call that is not over."""

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A text message the account was asked to send. `date` is RFC 2822."""

    sid: str
    to: str
    from_: str
    body: str
    date: str


class Refused(Exception):
    """A request that is answered with one of Twilio's error codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def refusal(refused: Refused) -> Response:
    """Return the answer to a refused request."""
    return JSONResponse(
        {
            "code": refused.code,
            "message": str(refused),
            "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
            "status": refused.status,
        },
        refused.status,
    )


def page(path: str, name: str, entries: Sequence[Resource]) -> Response:
    """Return all entries as the first and only page of a list."""
    return JSONResponse(
        {
            name: entries,
            "page": 0,
            "page_size": max(50, len(entries)),
            "start": 0,
            "end": max(0, len(entries) - 1),
            "uri": path,
            "first_page_uri": path,
            "next_page_uri": None,
            "previous_page_uri": None,
        }
    )


def call_resource(account_sid: str, record: CallRecord) -> Resource:
    """Return a call."""
    over = record.status not in LIVE
    return {
        "sid": record.call_sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "to": record.to,
        "to_formatted": record.to,
        "from": record.from_,
        "from_formatted": record.from_,
        "status": record.status,
        "direction": record.direction,
        "duration": str(record.duration_s) if over else None,
        "price": None,
        "price_unit": "USD",
        "parent_call_sid": None,
        "answered_by": None,
        "queue_time": "0",
        "uri": _uri(account_sid, "Calls", record.call_sid),
    }


def message_resource(account_sid: str, message: SentMessage) -> Resource:
    """Return a text message."""
    return {
        "sid": message.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "status": "queued",
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "date_created": message.date,
        "date_updated": message.date,
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "uri": _uri(account_sid, "Messages", message.sid),
    }


def recording_resource(account_sid: str, recording: RecordingTaken) -> Resource:
    """Return a recording's description; its audio is at the same address with `.wav`."""
    return {
        "sid": recording.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "duration": str(max(1, round(duration_ms(len(recording.audio)) / 1000))),
        "uri": _uri(account_sid, "Recordings", recording.sid),
    }


def notification_resource(account_sid: str, call_sid: str, notification: Notification) -> Resource:
    """Return an entry of the debugger."""
    return {
        "account_sid": account_sid,
        "call_sid": call_sid,
        "api_version": API_VERSION,
        "error_code": str(notification.code),
        "log": "0" if notification.level == "error" else "1",
        "message_text": notification.message,
        "more_info": f"https://www.twilio.com/docs/errors/{notification.code}",
    }


def _uri(account_sid: str, kind: str, sid: str) -> str:
    return f"/{API_VERSION}/Accounts/{account_sid}/{kind}/{sid}.json"
