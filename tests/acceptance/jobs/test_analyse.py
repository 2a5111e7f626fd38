import asyncio
import json
import sys

from .conftest import Desk


async def analyse(desk: Desk, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialplan", "analyse", *arguments),
        env=desk.environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_call_of_the_past_is_read_by_the_files_of_today(desk: Desk) -> None:
    await desk.over("CA1")
    file = desk.folder / "kiosk" / "vertical.yaml"
    file.write_text(
        file.read_text().replace("follow_up: boolean", "follow_up: boolean\n    age: integer")
    )
    desk.model.answer = {"wish": "a kite", "follow_up": True, "age": 7}

    code, out, err = await analyse(desk, "CA1")

    assert (code, err) == (0, "")
    assert out.splitlines() == ["wish       a kite", "follow_up  true", "age        7"]
    assert (await desk.rows())["CA1"].fields is None  # nothing is kept
    assert desk.service.got == []


async def test_with_send_it_is_kept_and_sent_and_says_what_was_not(desk: Desk) -> None:
    await desk.over("CA1")

    code, out, _ = await analyse(desk, "CA1", "--send", "--format", "json")
    desk.service.status = 404
    again, told, _ = await analyse(desk, "CA1", "--send")

    assert code == 0
    assert json.loads(out) == {
        "skipped": None,
        "fields": {"wish": "a kite", "follow_up": True},
        "sends": [{"number": number, "status": "sent", "reason": None} for number in (1, 2)],
    }
    assert desk.service.keys == {"CA1:send:1", "CA1:send:2"}
    assert again == 1
    assert "send 2: not sent: POST 127.0.0.1 answered with status 404" in told
    row = (await desk.rows())["CA1"]
    assert row.status == "done"
    assert [one.status for one in row.sends] == ["failed", "failed"]


async def test_what_cannot_be_analysed_is_said_in_one_sentence(desk: Desk) -> None:
    await desk.over("CA1", seconds=2)

    unknown = await analyse(desk, "CA9")
    short = await analyse(desk, "CA1")

    assert unknown == (2, "", "dialplan: no call `CA9` in this database\n")
    assert short == (0, "nothing is read out of it: shorter than 5 s\n", "")
