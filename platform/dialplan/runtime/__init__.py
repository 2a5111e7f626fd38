"""The thin asynchronous edge: routing, bridge, running calls, wiring."""
