// Keeps a page's live part fresh: a feed says that something happened, the server renders it anew.
// Nothing is built from data here, so nothing has to be escaped here.
"use strict";

const FETCH_PAUSE_MS = 250;

// Times are rendered by the server: it is told the zone once, and asked again if it did not know.
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.cookie.split("; ").includes(`dialplan_zone=${encodeURIComponent(zone)}`);
  if (!zone || known) return;
  document.cookie = `dialplan_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=strict`;
  const kept = document.cookie.includes("dialplan_zone=");
  if (kept && document.querySelector("time")) location.reload();
  if (kept) document.querySelector("footer span").textContent = `Times are in ${zone}.`;
}

// Clocks run by the server's time, not by this machine's.
let ahead = 0;
function readNow(root) {
  const now = root.querySelector("[data-now]");
  if (now) ahead = Date.parse(now.dataset.now) - Date.now();
}
function tick() {
  for (const clock of document.querySelectorAll("[data-since]")) {
    const all = Math.max(0, Math.floor((Date.now() + ahead - Date.parse(clock.dataset.since)) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
    const text = h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
    if (clock.textContent !== text) clock.textContent = text;
  }
}

// Replaces only what the server now says differently, by data-key: focus, selection and opened
// details stay. What was said before is remembered, since clocks and readers change the page too.
const said = new WeakMap();
function remember(parent) {
  for (const child of parent.children) {
    said.set(child, child.outerHTML);
    if (child.matches("ol, ul")) remember(child);
  }
}
function morph(old, fresh) {
  const before = new Map([...old.children].map((one) => [one.dataset.key, one]));
  let place = old.firstElementChild;
  for (const next of [...fresh.children]) {
    const kept = before.get(next.dataset.key);
    before.delete(next.dataset.key);
    const html = next.outerHTML;
    let node = kept;
    if (kept && kept.tagName === next.tagName && next.matches("ol, ul")) {
      morph(kept, next);
      if (next.dataset.now) kept.dataset.now = next.dataset.now;
    } else if (!kept || said.get(kept) !== html) {
      node = next;
      said.set(next, html);
      if (next.matches("ol, ul")) remember(next);
    }
    if (node === place) place = place.nextElementSibling;
    else old.insertBefore(node, place);
    if (kept && node !== kept) {
      const focused = kept.contains(document.activeElement);
      if (kept === place) place = kept.nextElementSibling;
      kept.remove();
      if (focused) (node.matches("[tabindex]") ? node : node.querySelector("a, summary, [tabindex]"))?.focus();
    }
  }
  for (const gone of before.values()) gone.remove();
}

function watch(part) {
  const state = document.querySelector("[data-feed-state]");
  const say = (text, on) => {
    state.textContent = text;
    state.classList.toggle("on", on);
  };
  let timer = null;
  let busy = false;
  let again = false;
  let feed = null;

  async function refresh() {
    timer = null;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch(part.dataset.live, { signal: AbortSignal.timeout(10000) });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return;
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();
      const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
      const over = fresh.querySelector("[data-over]");
      morph(part, fresh);
      readNow(part);
      tick();
      if (over) {
        feed.close();
        say("", false);
        // What was read out of it comes seconds later, and no feed tells.
        if (over.dataset.over === "again") setTimeout(refresh, 2000);
      } else if (atEnd && part.querySelector(".talk")) scrollTo({ top: document.documentElement.scrollHeight });
    } catch {
      // The feed finds out, and fetches once it is back.
    } finally {
      busy = false;
      if (again) {
        again = false;
        soon();
      }
    }
  }
  function soon() {
    timer ??= setTimeout(refresh, FETCH_PAUSE_MS);
  }
  function listen() {
    feed = new EventSource(part.dataset.events);
    feed.addEventListener("listening", () => {
      say("live", true);
      soon();
    });
    for (const name of ["began", "turn", "tool_began", "tool", "handoff", "speaking", "ended"]) feed.addEventListener(name, soon);
    feed.addEventListener("lost", () => say("catching up", false));
    feed.onerror = () => {
      say("connection lost, trying again", false);
      // A refusal is final to an EventSource; the page is not to stay dead for it.
      if (feed.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
      soon();
    };
  }
  remember(part);
  listen();
  if (part.dataset.every) setInterval(soon, Number(part.dataset.every) * 1000);
}

tellZone();
readNow(document);
setInterval(tick, 1000);
for (const part of document.querySelectorAll("[data-live]")) watch(part);
