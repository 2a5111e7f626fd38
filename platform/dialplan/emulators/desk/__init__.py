"""The phone on the desk: rings a rehearsal that runs in other processes, and watches the call."""
