"""What the peers' process tells its parent on standard output, a line of JSON each."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field, replace

import orjson

from dialplan.errors import ConfigError, ProtocolError
from dialplan.runtime.peers import Peers


@dataclass(frozen=True, slots=True)
class Setting:
    """The stage stands: the server's peers, and the control channel's `url` and `key`."""

    peers: Peers
    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """All models are loaded: calls may come."""


def write(message: Setting | Ready) -> None:
    """Write one message to standard output."""
    sys.stdout.write(dump(message) + "\n")
    sys.stdout.flush()


def dump(message: Setting | Ready) -> str:
    """Return a message as a line."""
    match message:
        case Ready():
            return '{"ready":true}'
        case Setting(peers, url, key):
            # Pairs are no keys in JSON.
            services = [[*names, address] for names, address in peers.services.items()]
            told = asdict(replace(peers, services={})) | {"services": services}
            return orjson.dumps({"peers": told, "url": url, "key": key}).decode()


def load(line: bytes) -> Setting | Ready:
    """Return the message of a line.

    Raises:
        ConfigError: the stage cannot be set, as the line says.
        ProtocolError: it is no message.
    """
    try:
        told = orjson.loads(line)
        if "problem" in told:
            raise ConfigError(str(told["problem"]))
        if "ready" in told:
            return Ready()
        services = {(vertical, name): url for vertical, name, url in told["peers"]["services"]}
        peers = Peers(**{**told["peers"], "services": services})
        return Setting(peers, told["url"], told["key"])
    except (ValueError, TypeError, KeyError) as exc:
        raise ProtocolError("the peers' process said something that nobody understands") from exc
