"""What is known of one session with the model, sans-I/O: its events go in, frames to send come out.

Three parts know different things: which response may be asked for, which items the server holds,
and what a fresh session would have to be told. Every event goes past them in one order, here. It
must not send anything, and knows no connection.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dialplan.call.events import LOST, CallerSpeechStopped, ResponseEnded
from dialplan.call.playback import Truncation
from dialplan.engines.realtime.history import History
from dialplan.protocols.realtime import client, server
from dialplan.protocols.realtime.conversation import ConversationItems
from dialplan.protocols.realtime.session import ResponseState


class SessionKnowledge:
    """Everything known of a session, over as many connections as it takes.

    Attributes:
        responses: which response is open, and which may be asked for.
    """

    def __init__(self, settings: client.SessionSettings) -> None:
        detection = settings.turn_detection or {}
        self.responses = ResponseState(
            answers_turns=bool(detection) and detection.get("create_response", True)
        )
        self._history = History(client.BYTES_PER_MS[settings.audio])
        self._items = ConversationItems(transcribes=settings.transcription is not None)
        self._server_interrupts = False
        self._tells = 0

    # -- what the model says --------------------------------------------------------------------

    def hears(self, delta: server.AudioDelta) -> bool:
        """Note a piece of speech; return whether the caller may hear it."""
        if self.responses.muted(delta.response_id):
            return False
        self._history.agent_audio(delta.item_id, delta.delta)
        return True

    def note(self, event: server.ServerEvent) -> list[str]:
        """Note any other event; return what may be sent now."""
        return [*self._items.note(event), *self._note(event)]

    def _note(self, event: server.ServerEvent) -> list[str]:
        match event:
            case server.SessionUpdated(interrupt_response):
                self._server_interrupts = interrupt_response
            case server.SpeechStarted(item_id):
                self._history.caller_spoke(item_id)
                self.responses.caller_began()
            case server.SpeechStopped():
                return self.responses.caller_stopped()
            case server.CallItemAdded(_, call_id, output) if output:
                self.responses.read(call_id)
            case server.MessageAdded(item_id):
                self.responses.read(item_id)
            case server.CallerTranscript(item_id, text):
                self._history.caller_said(item_id, text)
            case server.TranscriptDone(_, item_id, transcript):
                self._history.agent_said(item_id, transcript)
            case server.FunctionCalled(_, _, call_id, name, arguments):
                self._history.called(call_id, name, arguments)
                self.responses.called(call_id)
            case server.ResponseCreated(response_id, metadata):
                self.responses.created(response_id, metadata)
            case server.ResponseDone(response_id):
                return self.responses.done(response_id)
            case server.ServerError(_, code, _, event_id):
                return self.responses.refused(event_id, code)
            case _:
                pass
        return []

    # -- what the call wants --------------------------------------------------------------------

    def told(self, text: str) -> list[str]:
        """Put a message into the conversation in the caller's place, to be answered."""
        self._tells += 1
        item_id = f"told_{self._tells}"
        self._history.caller_said(item_id, text)
        message = client.message("user", text, item_id)
        return [message, *self.responses.told(item_id)]

    def answered(self, call_id: str, output: str, *, speaks: bool) -> list[str]:
        """Answer a tool call; `speaks` is whether the agent is to speak of it."""
        self._history.answered(call_id, output)
        frame = client.function_output(call_id, output)
        return [frame, *self.responses.answered(call_id, speaks)]

    def interrupted(
        self, cuts: Sequence[Truncation], responses: Collection[str], *, unheard: bool
    ) -> list[str]:
        """Mute the open response if it is one of `responses`, and cut what was not heard."""
        frames = []
        # By name: the answer to what the caller said meanwhile may be the open one by now.
        muted = self.responses.mute() if self.responses.active in responses else None
        if muted is not None and (unheard or not self._server_interrupts):
            frames.append(client.cancel_response(muted))
        for cut in cuts:
            self._history.truncated(cut)
            if self._items.holds(cut.item_id):
                frames.append(client.truncate(cut.item_id, cut.content_index, cut.audio_end_ms))
        return frames

    def forgotten(self, handoff: str) -> Sequence[str]:
        """Take out all that precedes the last call of this handoff's tool."""
        cut = self._items.cut(handoff)
        self._history.cut(cut.kept_from)
        return cut.frames

    # -- another connection ---------------------------------------------------------------------

    def lost(self) -> list[ResponseEnded | CallerSpeechStopped]:
        """Return what was under way when the connection broke and will not be told to its end."""
        ended: list[ResponseEnded | CallerSpeechStopped] = []
        if self.responses.active is not None:
            ended.append(ResponseEnded(self.responses.active, LOST))
        if self.responses.caller_speaks:
            # The next session may never hear them: they could have finished by then.
            ended.append(CallerSpeechStopped())
        return ended

    def renewed(self) -> list[str]:
        """Begin anew on a fresh connection; return what it must be told after its settings."""
        self._items.reset()
        return [*self._history.frames(), *self.responses.reset()]
