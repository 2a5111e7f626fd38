"""When a business is open, and how a person says so on the phone.

Pure: the moment is given, by the business's own clock; public holidays are data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from dialplan.model.sentences import HoursWords
from dialplan.model.voice import DAYS, Hours, Span, Voice
from dialplan.prompts.render import render
from dialplan.prompts.spoken import ENGLISH, is_english, listed, spoken_date, spoken_time

MOST_DAYS = 370
"""How far ahead an opening is looked for."""

_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Opening:
    """What prompts, tools and SQL may know of the hours, in the words of `voice.sentences.hours`.

    Attributes:
        open: whether the business is open at this moment.
        hours_today: goes after "today we are": `open from 8 AM to 6 PM`, `closed for Labor Day`.
        next_opening: when it opens next, after this moment: `today at 8 AM`, `tomorrow at 9 AM`,
            `Monday, March 2 at 8 AM`; empty when it never does.
    """

    open: bool
    hours_today: str
    next_opening: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How hours are told: in which words, with times and dates of which language (BCP 47)."""

    words: HoursWords = field(default_factory=HoursWords)
    language: str = ENGLISH

    @classmethod
    def of(cls, voice: Voice) -> Manner:
        """Return how a line tells its hours."""
        return cls(voice.sentences.hours, voice.languages.default)


IN_ENGLISH = Manner()


def opening(hours: Hours | None, now: datetime, manner: Manner = IN_ENGLISH) -> Opening:
    """Tell the hours at a moment; without any the business is always open.

    Raises:
        TemplateProblem: a word cannot be filled.
    """
    if hours is None:
        return Opening(open=True, hours_today=render(manner.words.all_day, {}), next_opening="")
    return Opening(
        open=any(_within(span, now.time()) for span in _spans(hours, now.date())),
        hours_today=_today(hours, now.date(), manner),
        next_opening=_next(hours, now, manner),
    )


def _spans(hours: Hours, day: date) -> Sequence[Span]:
    if _holiday(hours, day) is not None:
        return ()
    return sorted(hours.week.get(DAYS[day.weekday()], ()), key=lambda span: span.opens)


def _within(span: Span, at: time) -> bool:
    return span.opens <= at and (at < span.closes or span.closes == _MIDNIGHT)


def _today(hours: Hours, day: date, manner: Manner) -> str:
    words = manner.words
    holiday = _holiday(hours, day, manner.language)
    if holiday is not None:
        return render(words.holiday, {"holiday": holiday})
    spans = _spans(hours, day)
    if not spans:
        return render(words.closed, {})
    if any(span.opens == span.closes == _MIDNIGHT for span in spans):
        return render(words.all_day, {})
    said = [_stretch(span, manner) for span in spans]
    return render(words.open, {"spans": listed(said, manner.language)})


def _stretch(span: Span, manner: Manner) -> str:
    words, language = manner.words, manner.language
    midnight = span.closes == _MIDNIGHT
    closes = render(words.midnight, {}) if midnight else spoken_time(span.closes, language)
    return render(words.span, {"opens": spoken_time(span.opens, language), "closes": closes})


def _next(hours: Hours, now: datetime, manner: Manner) -> str:
    for ahead in range(MOST_DAYS):
        day = now.date() + timedelta(days=ahead)
        for span in _spans(hours, day):
            if (ahead or span.opens > now.time()) and not _goes_on(hours, day, span):
                return _opens(day, ahead, span, manner)
    return ""


def _goes_on(hours: Hours, day: date, span: Span) -> bool:
    """Whether a stretch only goes on with the one before: over midnight, or minute to minute."""
    if span.opens != _MIDNIGHT:
        return any(other.closes == span.opens for other in _spans(hours, day))
    before = _spans(hours, day - timedelta(days=1))
    return bool(before) and before[-1].closes == _MIDNIGHT


def _opens(day: date, ahead: int, span: Span, manner: Manner) -> str:
    words, language = manner.words, manner.language
    time = spoken_time(span.opens, language)
    if ahead < 2:
        return render((words.today, words.tomorrow)[ahead], {"time": time})
    return render(words.later, {"date": spoken_date(day, language), "time": time})


def _holiday(hours: Hours, day: date, language: str = ENGLISH) -> str | None:
    if hours.holidays is None:
        return None
    name = _holidays(hours.holidays, day.year, language).get(day)
    return None if name is None else name.partition(" (")[0]


@lru_cache(maxsize=256)
def _holidays(region: str, year: int, language: str) -> Mapping[date, str]:
    # 0.1 s to import, which hours without holidays do without.
    import holidays

    country, _, part = region.partition("-")
    named = "en_US" if is_english(language) else _named(country, language)
    try:
        return dict(
            holidays.country_holidays(country, subdiv=part or None, years=year, language=named)
        )
    except NotImplementedError:
        # The package knows some countries in their own language only; load time checks the rest.
        return dict(holidays.country_holidays(country, subdiv=part or None, years=year))


def _named(country: str, language: str) -> str:
    """The name by which the package knows a language in a country; English where it does not."""
    import holidays

    wanted = language.replace("-", "_")
    spoken = wanted.partition("_")[0].lower()
    known = getattr(holidays, country).supported_languages
    near = [one for one in known if one.partition("_")[0].lower() == spoken]
    return wanted if wanted in near else next(iter(near), "en_US")
