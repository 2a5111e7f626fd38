"""What tools may do to the call itself, as its machine and its carrier do it."""

from __future__ import annotations

from collections.abc import Callable

from dialplan.call.events import HangUpRequested, TransferRequested
from dialplan.errors import TelephonyError, ToolError
from dialplan.runtime.attended import CallRequest
from dialplan.telephony.rest import TwilioRest


class LineActions:
    """The tools' `CallActions` for one call.

    Args:
        request: whose call it is.
        put: takes what the machine shall decide about; must not block.
        carrier: Twilio over REST, None when it is not set up.
    """

    def __init__(
        self,
        request: CallRequest,
        put: Callable[[HangUpRequested | TransferRequested], None],
        carrier: Callable[[CallRequest], TwilioRest | None],
    ) -> None:
        self._request = request
        self._put = put
        self._carrier = carrier

    async def transfer(self, destination: str) -> None:
        """Put the caller through once the agent's words were heard."""
        self._put(TransferRequested(destination))

    async def hang_up(self) -> None:
        """End the call once the agent's words were heard."""
        self._put(HangUpRequested("agent"))

    async def send_sms(self, to: str, body: str) -> None:
        """Send a text message from the called number."""
        carrier = self._carrier(self._request)
        if carrier is None:
            raise ToolError("set `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN` to send messages")
        try:
            await carrier.send_message(to=to, from_=self._request.line.number, body=body)
        except TelephonyError as exc:
            raise ToolError(f"the message was not sent: {exc}") from exc

    async def take_message(self, to: str, body: str) -> None:
        """Text a message to the person at a number."""
        await self.send_sms(to, body)
