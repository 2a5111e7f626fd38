"""Makes docs/reference from the code: the language, the commands and the settings.

Not a command of `dialplan`: `make docs` runs it, and a test compares what it would write.
"""
