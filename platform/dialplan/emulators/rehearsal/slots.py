"""Fills a tool's arguments from what was said, by their schema. It must not invent one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

from rapidfuzz import fuzz

from dialplan.emulators.rehearsal.dates import When, find_when
from dialplan.emulators.rehearsal.lexicon import reply
from dialplan.emulators.rehearsal.names import find_name, name_answer
from dialplan.emulators.rehearsal.numerals import plain, with_digits
from dialplan.emulators.rehearsal.phones import digit_runs, find_code, find_email, find_phone
from dialplan.emulators.rehearsal.toolbox import Json, Parameter

_FUZZY = 88  # rapidfuzz ratio from which two words are one misheard word
_LEAD = re.compile(
    r"^(?:(?:um+|uh+|er+|well|so|yes|yeah|sure|okay|ok|it's|it is|that's|that is|that "
    r"would be|just|"
    r"it's for|it is for|it's about|because(?: of)?|i have|i've got|please say|say|tell "
    r"(?:him|her|them)(?: that)?)"
    r"[,\s]+)+",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because(?: of)?|due to|regarding|it's about|it is about|it's for|it is for|reason is|"
    r"for (?=(?:a|an|my|some) ))\s*(?P<said>.+)$",
    re.IGNORECASE,
)
_TELL = re.compile(
    r"\b(?:tell|let)\s+(?:the |my )?(?:dr\.? |doctor )?(?!me\b|you\b)\w+(?: know)?(?: "
    r"that)?\s+(?P<said>i\W.{6,})$",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:(?:like|want|need|book|get|order)(?:\s+(?:an?|some))?|(?:for|about|is)\s+(?:an?|some))"
    r"\s+(?P<said>(?!(?:to|it|that|the|my|me|you|in)\b)[a-z][\w' -]*?)"
    r"(?=\s+(?:with|on|at|for|from|by|this|next|tomorrow|today|as|please|cost)\b|[^\w' -]|$)",
    re.I,
)
_ANYTHING = frozenset("appointment visit booking reservation slot time moment question".split())
_WITH = re.compile(
    r"\b(?:with|see|by|for)\s+(?P<title>dr\.?|doctor)?\s*(?P<name>[^\W\d_][\w'-]+)", re.I
)
_COIN = r"(?: (?:dollars|euros|pounds))?"
_SUM = re.compile(r"[$€£] ?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) (?:dollars|euros|pounds)\b")
_SUMS = frozenset("price budget cost amount fee payment deposit rent income salary".split())
_NOBODY = frozenset(
    "a an the my me you your it that this somebody someone anyone any whoever whichever "
    "her him them us "
    "tomorrow today one two three what if".split()
)
_SPOILERS = frozenset("on at by for this next with please and around after before".split())


def fill(
    parameters: Sequence[Parameter],
    text: str,
    now: datetime,
    *,
    asked: str | None = None,
) -> dict[str, Json]:
    """Return the arguments that `text` gives, by parameter name.

    Args:
        parameters: the parameters of one tool.
        text: what the caller said.
        now: the caller's local time.
        asked: the parameter that a question was asked for; its answer may be bare.
    """
    found = _fill_times(parameters, text, now, asked)
    for parameter in parameters:
        if parameter.kind in ("date", "time", "date-time"):
            continue
        bare = parameter.name == asked
        value = _fill_one(parameter, parameters, text, now, bare=bare)
        if value is not None and _allowed(parameter, value):
            found[parameter.name] = value
    if asked is not None and (name := _volunteered_name(text, now)):
        untold = [p.name for p in parameters if p.kind == "name" and p.name not in found]
        found |= {untold[0]: name} if untold and untold[0] != asked else {}
    return found


def _volunteered_name(text: str, now: datetime) -> str | None:
    """Return a name given beside the answer, or in its place, when nothing else but a day is."""
    words = re.sub(r"[^\w\s'-]", " ", find_when(text, now, past=True).rest).split()
    name = name_answer(" ".join(words))
    whole = name is not None and len(words) in (2, 3) and len(words) == len(name.split())
    return name if whole and reply(text) is None else None


def _allowed(parameter: Parameter, value: Json) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    return True


def _fill_one(
    parameter: Parameter, among: Sequence[Parameter], text: str, now: datetime, *, bare: bool
) -> Json:
    match parameter.kind:
        case "enum":
            return _fill_enum(parameter, text)
        case "phone":
            return find_phone(text)
        case "email":
            return find_email(text)
        case "boolean":
            return {"yes": True, "no": False}.get(reply(text) or "") if bare else None
        case "name":
            return (name_answer(text) if bare else None) or find_name(text)
        case "person":
            return _fill_person(text) or (name_answer(text) if bare else None)
        case "number":
            return _fill_number(parameter, among, text, now, bare=bare)
        case "code" | "reference":
            return _fill_code(parameter, text, now, bare=bare)
        case _:
            return _fill_text(parameter, text, bare=bare)


def _fill_enum(parameter: Parameter, text: str) -> Json:
    words = plain(text)
    spoken = {choice: plain(choice).replace("_", " ") for choice in parameter.choices}
    hits = [c for c, s in spoken.items() if re.search(rf"\b{re.escape(s)}s?\b", words)]
    if not hits:
        heard = re.findall(r"[^\W_]+", words)
        for choice, said in spoken.items():
            size = len(said.split())
            grams = [" ".join(heard[i : i + size]) for i in range(len(heard) - size + 1)]
            if len(said) > 3 and any(fuzz.ratio(gram, said) >= _FUZZY for gram in grams):
                hits.append(choice)
    if not hits:
        return None
    best = max(hits, key=lambda c: len(spoken[c]))
    return int(best) if parameter.type == "integer" and best.lstrip("-").isdigit() else best


def _fill_person(text: str) -> Json:
    for match in _WITH.finditer(text):
        name = match["name"]
        if name.lower() in _NOBODY and not match["title"]:
            continue
        if match["title"] or match[0].lower().startswith("with"):
            return name[:1].upper() + name[1:]
    return None


def _fill_number(
    parameter: Parameter, among: Sequence[Parameter], text: str, now: datetime, *, bare: bool
) -> Json:
    rest = with_digits(text) if bare else find_when(text, now).rest
    number = r"(?<![\d:.])(\d+(?:\.\d+)?)(?!(?:st|nd|rd|th|[\d:.]))"
    numbers = re.findall(number, rest)
    if not bare:
        words = [w.rstrip("s") for w in parameter.words if len(w) > 3]
        unit = next((m for w in words if (m := re.search(rf"{number}{_COIN} {w}", rest))), None)
        cued = _cued(parameter, rest)
        after = re.search(rf"^\D{{0,12}}?{number}", cued) if cued is not None else None
        alone = sum(p.kind == "number" for p in among) == 1 and len(numbers) == 1
        counts = parameter.words & {"party", "people", "guests", "size", "count", "quantity"}
        told = unit or after or _only_sum(parameter, among, rest)
        if told is not None:
            numbers = [told[told.lastindex or 1]]
        elif (
            not alone
            or find_phone(text)
            or not (counts or len(numbers[0]) > 1 or parameter.type == "number")
        ):
            return None
    if not numbers:
        return None
    if parameter.type == "integer":
        joined = digit_runs(" ".join(numbers))
        return int(joined[0]) if bare and joined else int(float(numbers[0]))
    return float(numbers[0])


def _only_sum(parameter: Parameter, among: Sequence[Parameter], text: str) -> re.Match[str] | None:
    """Return the one amount of money in `text`, for the one parameter that is an amount."""
    if [p for p in among if p.kind == "number" and p.words & _SUMS] != [parameter]:
        return None
    said = list(_SUM.finditer(text))
    return said[0] if len(said) == 1 else None


def _cued(parameter: Parameter, text: str) -> str | None:
    """Return what follows the parameter's own name in `text`, digits for number words."""
    words = with_digits(text)
    names = [w for w in parameter.name.lower().split("_") if w not in ("id", "number", "code")]
    for word in reversed(names):
        if match := re.search(rf"\b{re.escape(word)}s?\b(?P<rest>.*)$", words):
            return match["rest"]
    return None


def _fill_code(parameter: Parameter, text: str, now: datetime, *, bare: bool) -> Json:
    after = _cued(parameter, text)
    phone = find_phone(text) is not None
    if phone and re.search(r"\b(?:phone|mobile|cell|call me|reach me)\b", text.lower()):
        return None
    code = find_code(text) if bare else find_code(after) if after is not None else None
    if code is None and not bare:
        code = find_code(find_when(text, now).rest)
    if code is None:
        return None
    cued = after is not None or bool(re.search(r"\b(?:number|code|reference|id)\b", text.lower()))
    likely = parameter.kind == "code" and len(code) >= 3 and not phone
    if not (bare or (cued and not (phone and len(code) >= 10)) or likely):
        return None
    if parameter.type in ("integer", "number"):
        return int(code) if code.isdigit() else None
    return code


def _fill_text(parameter: Parameter, text: str, *, bare: bool) -> Json:
    if bare:
        if reply(text) is not None and len(text.split()) < 3:
            return None
        said = _LEAD.sub("", text.strip()).strip(" .") or text.strip(" .")
        return said[: parameter.max_length] if re.search(r"\w", said) else None
    if parameter.words & {"service", "treatment", "product", "item"}:
        wishes = (match["said"] for match in _WISH.finditer(text))
        return next((said for said in wishes if not set(said.lower().split()) & _ANYTHING), None)
    about = f"{parameter.name} {parameter.description}".lower()
    if parameter.words & {"message", "note"} and (match := _TELL.search(text)):
        return match["said"].strip(" .")[: parameter.max_length]
    if re.search(r"\b(?:reason|concern|symptom|problem|issue|complaint)", about):
        match = _REASON.search(text)
        if match and not re.search(
            r"\b(?:appointment|visit|booking|reservation|slot|table)\b", match["said"]
        ):
            return match["said"].strip(" .")[: parameter.max_length]
    return None


def _fill_times(
    parameters: Sequence[Parameter], text: str, now: datetime, asked: str | None
) -> dict[str, Json]:
    kinds = ("date", "time", "date-time")
    timed = [p for p in parameters if p.kind in kinds]
    if not timed:
        return {}
    target = next((p for p in timed if p.name == asked), None)
    expects = target is not None and target.kind != "date"
    born = target.birth if target else any(p.birth for p in timed)
    when = find_when(text, now, expect_time=expects, past=born)
    birthday = when.year_said and (
        (target is not None and target.birth)
        or bool(re.search(r"\b(?:born|birth|birthday)", text.lower()))
        or (when.start is not None and when.start.year < now.year - 2)
    )
    found: dict[str, Json] = {}
    for parameter in timed:
        if parameter.birth:
            if birthday and when.start is not None and when.start <= now.date():
                found[parameter.name] = when.start.isoformat()
        elif not birthday:
            value = _time_value(parameter, when, bare=parameter is target)
            if value is not None:
                found[parameter.name] = value
    return found


def _time_value(parameter: Parameter, when: When, *, bare: bool) -> Json:
    day = _day_for(parameter, when, bare=bare)
    if parameter.kind == "date":
        return day.isoformat() if day else None
    clock = when.until if parameter.edge == "end" else when.at
    if parameter.kind == "time":
        if parameter.edge is None and when.until is not None:
            return None
        return clock.strftime("%H:%M") if clock else None
    if day is None:
        return None
    if clock is None:
        if parameter.edge is None:
            return None
        clock = time(23, 59) if parameter.edge == "end" else time(0)
    # Without an offset it is the hour of the business, wherever this clock stands.
    return datetime.combine(day, clock).isoformat()


def _day_for(parameter: Parameter, when: When, *, bare: bool) -> date | None:
    if parameter.edge == "end":
        return when.end
    if when.is_range and parameter.edge is None and not (bare or parameter.required):
        return None
    return when.start
