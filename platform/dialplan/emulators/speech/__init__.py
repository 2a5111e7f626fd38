"""Local speech: a voice, an ear, and a detector of speech, on telephone audio."""
