"""The policy of one call, sans-I/O: events and the time go in, commands come out."""
