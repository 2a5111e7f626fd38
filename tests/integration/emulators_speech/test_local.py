"""Local speech with and without its extra; a bare interpreter stands for an install without it."""

from __future__ import annotations

import asyncio
import sys
from importlib.resources import files

import pytest

from dialplan.emulators.speech.local import local_detectors, local_ear, local_voice


@pytest.mark.parametrize("part", ["local_voice", "local_ear", "local_detectors"])
async def test_without_the_extra_the_error_tells_what_to_install(part: str) -> None:
    folder = str(files("dialplan").joinpath(".."))
    program = (
        f"import sys; sys.path.insert(0, {folder!r})\n"
        f"from dialplan.emulators.speech.local import {part}\n"
        "from dialplan.errors import ConfigError\n"
        f"try: {part}()\n"
        "except ConfigError as error: print(error)\n"
    )

    # -I -S: no site-packages, so nothing but the standard library and this product
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 100)

    assert "install `dialplan[rehearsal]`" in out.decode()


async def test_with_the_extra_the_parts_work_together() -> None:
    audio = await local_voice().speak("Good afternoon.")
    detector = local_detectors()(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=300)

    assert len(detector.feed(b"\xff" * 4000 + audio + b"\xff" * 8000)) == 2
    assert "afternoon" in await local_ear().hear(audio)
