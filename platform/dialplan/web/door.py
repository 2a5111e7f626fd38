"""Who may open a media socket: whoever Twilio's signature on the upgrade vouches for."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from dialplan.runtime.switchboard import Switchboard
from dialplan.web.leg import CarrierLeg
from dialplan.web.signed import Refused, check_upgrade

log = logging.getLogger(__name__)

MEDIA_PATH = "/twilio/media"
PING_S = 20.0


class MediaDoor:
    """Checks upgrades, and leads media sockets to the switchboard."""

    def __init__(self, switchboard: Switchboard, origins: Sequence[str]) -> None:
        self._switchboard = switchboard
        self._origins = tuple(origins)
        self.ping_s = PING_S

    def admit(self, path: str, target: str, signature: str | None) -> None:
        """Let a peer in, before the upgrade is accepted.

        Args:
            path: the decoded path.
            target: path and query as on the request line.
            signature: the header of that name.

        Raises:
            Refused: another path, or not signed by Twilio for us.
        """
        # With the name of the worker that expects the stream: `web.passing` has read it.
        if path != MEDIA_PATH and not path.startswith(f"{MEDIA_PATH}/"):
            raise Refused(403, "no_socket", "no socket is served there")
        try:
            check_upgrade(
                target, signature, tokens=self._switchboard.all_tokens(), origins=self._origins
            )
        except Refused as exc:
            log.warning("media socket refused", extra={"reason": str(exc)})
            self._switchboard.metrics.stream_refused(exc.kind)
            raise

    async def attend(self, leg: CarrierLeg) -> None:
        """Carry one media stream to its end."""
        await self._switchboard.attend(leg)
