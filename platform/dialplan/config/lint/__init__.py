"""What a caller would otherwise find out, said by `dialplan check`."""
