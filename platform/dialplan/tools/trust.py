"""Which certificates connections of this process trust: read once, for every client that it has."""

from __future__ import annotations

import os
import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """Return what the system trusts, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.

    Reading it takes some 25 ms, longer than a handshake, and 0.8 MB. So all clients share it; none
    may change it, but for the protocol that they all offer, `http/1.1`.
    """
    context = ssl.create_default_context()
    named = {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys()
    if not named and not context.cert_store_stats()["x509_ca"]:
        # Python may have been installed without any, as from python.org on macOS.
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    return context
