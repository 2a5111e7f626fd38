"""`<Connect><Stream>`: a media stream instead of a conversation partner."""

from __future__ import annotations

import random
from datetime import UTC
from functools import partial

from dialplan.emulators.twilio.call import LiveCall, Script
from dialplan.emulators.twilio.documents import Verb
from dialplan.emulators.twilio.media import MediaStream, StreamFailed, open_socket
from dialplan.emulators.twilio.record import (
    BufferCleared,
    Notification,
    StreamStarted,
    StreamStopped,
)
from dialplan.emulators.twilio.wire import Writer

MAX_PARAMETER_CHARS = 500


async def connect(call: LiveCall, verb: Verb, script: Script) -> Script | None:
    """Stream until the server closes; then ask `action` what to do, or go on with the next verb."""
    stream = next((noun for noun in verb.nouns if noun.name == "Stream"), None)
    if stream is None:
        call.notify(Notification(12200, "warning", "`Connect` has no `Stream`"))
        return None
    line = call.answer()
    sid = call.exchange.new_sid("MZ")
    status = partial(_report, call, script, stream, sid)
    try:
        if stream.attributes.get("track", "inbound_track") != "inbound_track":
            raise StreamFailed(31941, "`Connect` allows only the track `inbound_track`")
        socket = await open_socket(
            stream.attributes.get("url", ""),
            auth_token=call.exchange.auth_token,
            resolve=call.exchange.resolve,
        )
    except StreamFailed as failure:
        call.notify(Notification(failure.code, "error", str(failure)))
        status("stream-error", f"{failure.code}: {failure}")
    else:
        call.record.stream_sid = sid
        media = MediaStream(
            socket=socket,
            writer=Writer(
                stream_sid=sid,
                call_sid=call.record.call_sid,
                account_sid=call.exchange.account_sid,
                parameters=_parameters(call, stream),
                # Seeded by the stream, so that nothing is shared between calls.
                jitter_ms=partial(random.Random(sid).randint, -2, 2),  # noqa: S311 - no secret
            ),
            line=line,
            record=call.record,
            stream_sid=sid,
            notify=call.notify,
            on_clear=lambda at_ms: call.emit(BufferCleared(call.record.call_sid, at_ms)),
        )
        call.emit(StreamStarted(call.record.call_sid, sid))
        status("stream-started")
        try:
            await media.run()
        finally:
            call.emit(StreamStopped(call.record.call_sid, sid))
            status("stream-stopped")
    action = verb.attributes.get("action")
    if action is None:
        return None
    method = verb.attributes.get("method", "POST").upper()
    return await call.fetch(action, base=script.url, method=method)


def _report(
    call: LiveCall, script: Script, stream: Verb, sid: str, event: str, error: str = ""
) -> None:
    """Send a stream status callback beside the call: it waits for nobody."""
    url = stream.attributes.get("statusCallback")
    if url is None:
        return
    now = call.exchange.clock.today().astimezone(UTC)
    extra = {
        "StreamSid": sid,
        "StreamName": stream.attributes.get("name", sid),
        "StreamEvent": event,
        # Real ones carry nanoseconds.
        "Timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z",
    }
    if error:
        extra["StreamError"] = error
    call.tasks.create_task(call.report(url, extra, base=script.url))


def _parameters(call: LiveCall, stream: Verb) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for noun in stream.nouns:
        name, value = noun.attributes.get("name", ""), noun.attributes.get("value", "")
        if noun.name != "Parameter" or not name:
            call.notify(Notification(12200, "warning", "`Stream` holds something else than names"))
        elif len(name) + len(value) >= MAX_PARAMETER_CHARS:
            call.notify(Notification(12200, "warning", f"`Parameter` `{name[:40]}` is too long"))
        else:
            parameters[name] = value
    return parameters
