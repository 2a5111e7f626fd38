"""A port for a server that is told it as a number, and binds it later."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

LOWEST = 20_000


def free_port() -> int:
    """Return a free port on loopback that the kernel gives to nobody who asks for any port.

    One that it had given to us would be its to give again, until our server has it.
    """
    limits = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    ports = list(range(LOWEST, max(int(limits[0]), LOWEST + 1_000)))
    # Runs beside each other begin at places of their own.
    random.Random(os.getpid()).shuffle(ports)
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is taken")
