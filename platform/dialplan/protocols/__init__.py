"""Wire protocols without I/O: text or bytes in, events out; commands in, text or bytes out."""
