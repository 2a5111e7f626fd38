"""The console in a real browser, while a real call runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind

# What a browser says about a page that it was refused, or that is not there.
REFUSED = "Failed to load resource: the server responded with a status of 40"
CLINIC = "+15550100001"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def reading(browser: Browser, **how: Any) -> AsyncIterator[Page]:
    """Opens a page; whatever the browser complains about (scripts, policy) fails the test."""
    context = await browser.new_context(timezone_id="Asia/Tokyo", **how)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        await context.close()
    assert complaints == []


def mind() -> ScriptedMind:
    return ScriptedMind(
        [
            [CallTool("clinic_info", {})],
            [Say("We are open <b>today</b> until six.")],
            [Say("You are welcome, goodbye.")],
        ]
    )


async def test_a_call_shows_up_and_its_transcript_grows_while_it_runs(
    rehearse: Open, browser: Browser
) -> None:
    async with rehearse(mind()) as rehearsal, reading(browser) as page:
        await page.goto(rehearsal.house.console)
        await expect(page.locator("h1")).to_have_text("Overview")
        await expect(page.get_by_text("Nobody is on the phone")).to_be_visible()
        await expect(page.locator("[data-feed-state]")).to_have_text("live")

        seen = asyncio.Event()
        ringing = asyncio.create_task(
            rehearsal.ring(CLINIC, "Are you open?", "Thank you.", seen=seen)
        )
        await page.locator("a.card.call").click()

        await expect(page.locator("h1")).to_contain_text("+15550107788")
        await expect(page.locator(".turn.caller").first).to_contain_text("Are you open?")
        await expect(page.locator("li.tool")).to_contain_text("clinic_info")
        seen.set()
        await expect(page.locator(".turn.agent p").last).to_contain_text("goodbye")
        await ringing
        await expect(page.locator("li.ended")).to_be_visible()
        # It grew here: nothing was loaded anew, and what was said is text, whatever it looks like.
        await expect(page.get_by_text("We are open <b>today</b> until six.")).to_be_visible()
        await expect(page.locator("[data-feed-state]")).to_have_text("")


async def test_opened_arguments_stay_open_while_the_call_goes_on(
    rehearse: Open, browser: Browser
) -> None:
    async with rehearse(mind()) as rehearsal, reading(browser) as page:
        await page.goto(rehearsal.house.console)
        seen = asyncio.Event()
        ringing = asyncio.create_task(
            rehearsal.ring(CLINIC, "Are you open?", "Thank you.", seen=seen)
        )
        await page.locator("a.card.call").click()
        await page.locator("li.tool summary").focus()
        await page.keyboard.press("Enter")

        seen.set()
        await ringing
        await expect(page.locator("li.ended")).to_be_visible()

        await expect(page.locator("li.tool details")).to_have_attribute("open", "")
        await expect(page.locator("li.tool summary")).to_be_focused()


async def test_past_calls_are_found_by_number_and_read_in_the_readers_zone(
    rehearse: Open, browser: Browser
) -> None:
    async with rehearse(mind()) as rehearsal, reading(browser) as page:
        sid = await rehearsal.ring(CLINIC, "Are you open?", from_="+15550104242")
        await rehearsal.ring(CLINIC, "Hello?", from_="+15550105353")
        await page.goto(rehearsal.house.console)

        await page.get_by_role("link", name="Calls", exact=True).click()
        await page.get_by_label("Number").fill("+1 555 010 4242")
        await page.get_by_role("button", name="Find").click()

        await expect(page.locator("table.calls tbody tr")).to_have_count(1)
        await expect(page.locator("footer")).to_contain_text("Asia/Tokyo")
        await page.locator("table.calls tbody a").click()
        await expect(page).to_have_url(re.compile(f"/console/calls/{sid}$"))
        await expect(page.locator("li.ended")).to_contain_text("the caller hung up")


async def test_every_page_says_that_this_is_a_rehearsal_and_has_its_own_title(
    rehearse: Open, browser: Browser
) -> None:
    async with rehearse(mind()) as rehearsal, reading(browser) as page:
        refused = rehearsal.house.origin + "/console/?key=wrong"
        titles = set()
        sid = await rehearsal.ring(CLINIC, "Are you open?")
        paths = ["/", "/calls", "/lines", f"/calls/{sid}", "/calls/CA0", "/nothing"]
        for address in [
            refused,
            rehearsal.house.console,
            *(f"{rehearsal.house.origin}/console{path}" for path in paths),
        ]:
            answer = await page.goto(address)
            assert answer is not None
            titles.add(await page.title())
            await expect(page.get_by_role("note")).to_contain_text("Every peer is emulated")

        assert len(titles) == len(paths) + 1


async def test_the_key_is_exchanged_and_no_script_can_read_what_it_was_exchanged_for(
    rehearse: Open, browser: Browser
) -> None:
    async with rehearse(mind()) as rehearsal, reading(browser) as page:
        await page.goto(rehearsal.house.origin + "/console/calls")
        await expect(page.locator("h1")).to_have_text("Key needed")

        await page.get_by_label("Key").fill(rehearsal.house.service.console_key)
        await page.get_by_role("button", name="Open").click()

        await expect(page).to_have_url(rehearsal.house.origin + "/console/")
        await expect(page.locator("h1")).to_have_text("Overview")
        assert rehearsal.house.service.console_key not in await page.content()
        visible = await page.evaluate("document.cookie")
        assert "dialplan_zone" in visible
        assert visible.count("=") == 1


async def test_nothing_is_wider_than_a_phone(rehearse: Open, browser: Browser) -> None:
    async with (
        rehearse(mind()) as rehearsal,
        reading(browser, viewport={"width": 360, "height": 740}) as page,
    ):
        sid = await rehearsal.ring(CLINIC, "Are you open?")
        await page.goto(rehearsal.house.console)
        for path in ["/", "/calls", "/lines", f"/calls/{sid}"]:
            await page.goto(f"{rehearsal.house.origin}/console{path}")

            width = await page.evaluate("document.documentElement.scrollWidth")

            assert width <= 360, path
