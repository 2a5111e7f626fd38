"""What a called number gets, value by value, each with the place it comes from.

Says what the server would do, by the same functions; reads no environment and no clock itself.
The value of a secret is never part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialplan.config.load import LoadedVertical
from dialplan.config.places import DEFAULT, Places
from dialplan.graph.picture import after_call_line
from dialplan.model.shape import format_duration
from dialplan.model.tenants import Tenants
from dialplan.prompts.hours import opening
from dialplan.prompts.render import TemplateProblem, render
from dialplan.runtime.beginning import new_call
from dialplan.runtime.directory import Line
from dialplan.runtime.fallback import AFTER, FAILS, fallback_rows, said
from dialplan.runtime.numbers import near_numbers
from dialplan.runtime.unavailable import not_in_service, way_out
from dialplan.settings import Settings
from dialplan.tools.state import CallState

CALLER = "(the caller's number)"
_PLATFORM = "set (the platform's)"
_NOT_STARTED = "not set here: without it the server does not start"


@dataclass(frozen=True, slots=True)
class Row:
    """One value. `place` is `file:line`, `default`, `env:NAME`, or where else it was found."""

    name: str
    value: str
    place: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a number gets: rows in parts that belong together. `owned`: whether a tenant has it."""

    number: str
    owned: bool
    parts: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that is explained, and where it comes from: `now` or `--at`."""

    at: datetime
    place: str


def explain_line(
    line: Line,
    tenants: Tenants,
    *,
    tenants_places: Places,
    places: Places,
    settings: Settings,
    environ: Mapping[str, str],
    moment: Moment,
    released: Sequence[Row],
) -> Explanation:
    """Explain a number that a tenant owns."""
    explained = _Explained(line, tenants, tenants_places, places, settings, environ, moment)
    parts: dict[str, tuple[Row, ...]] = {
        "line": (*explained.line(), *released, *explained.canary()),
        "call": tuple(explained.call()),
        "voice": tuple(explained.voice()),
        "variables": tuple(explained.variables()),
        "secrets": tuple(explained.secrets()),
        "fallback": tuple(explained.fallback()),
        "limits": tuple(explained.limits()),
        "after the call": tuple(explained.after_call()),
    }
    return Explanation(line.number, True, {name: rows for name, rows in parts.items() if rows})


def explain_unowned(number: str, tenants: Tenants, file: str, places: Places) -> Explanation:
    """Explain a number that nobody owns: no tenant is made up for it."""
    owners = {
        known: (name, vertical)
        for name, tenant in tenants.tenants.items()
        for known, vertical in tenant.lines.items()
    }
    rows = [Row("number", number, file), Row("tenant", "none: nobody owns this number", file)]
    rows += [
        Row(f"answer, step {step}", said(verb), DEFAULT)
        for step, verb in enumerate(not_in_service(), 1)
    ]
    near = near_numbers(number, owners)
    found = [
        Row(
            "near to it",
            f"{one} ({owners[one][0]}, {owners[one][1]})",
            places.of_key("tenants", owners[one][0], "lines", one),
        )
        for one in near
    ]
    return Explanation(
        number, False, {"line": tuple(rows)} | ({"near": tuple(found)} if found else {})
    )


@dataclass(frozen=True, slots=True)
class _Explained:
    _line: Line
    _tenants: Tenants
    _tenants_places: Places
    _places: Places
    _settings: Settings
    _environ: Mapping[str, str]
    _moment: Moment

    @property
    def _loaded(self) -> LoadedVertical:
        return self._line.vertical

    def line(self) -> Iterator[Row]:
        line, vertical = self._line, self._loaded.vertical
        number = self._tenants_places.of_key("tenants", line.tenant, "lines", line.number)
        yield Row("number", line.number, number)
        yield Row("tenant", line.tenant, self._tenants_places.of_key("tenants", line.tenant))
        named = self._tenants_places.of("tenants", line.tenant, "lines", line.number)
        yield Row("vertical", f"{vertical.name} ({vertical.title})", named)
        yield Row("version in the folder", self._loaded.version, str(self._loaded.folder))

    def canary(self) -> Iterator[Row]:
        name = self._loaded.vertical.name
        canary = self._tenants.canary.get(name)
        if canary is None:
            return
        who = [] if canary.share is None else [f"{canary.share} of the calls"]
        who += [f"the calls to or from {number}" for number in canary.numbers]
        told = f"{' and '.join(who) or 'no call'} get the folder's version before it is released"
        yield Row("canary", told, self._tenants_places.of("canary", name))

    def call(self) -> Iterator[Row]:
        vertical, state = self._loaded.vertical, self._state()
        zone = state.timezone
        place = self._variable_place("timezone")
        if str(state.zone) != zone:
            zone = f"UTC, because `{zone}` is no time zone"
        now = self._moment.at.astimezone(state.zone)
        hours = opening(vertical.hours, now, state.manner)
        opens = f", opens next {hours.next_opening}" if hours.next_opening else ""
        if vertical.hours is None:
            told = "always: no hours are given"
        elif hours.open:
            told = f"yes (today: {hours.hours_today})"
        else:
            told = f"no{opens} (today: {hours.hours_today}); the AI still answers"
        entry = vertical.entry
        yield Row("entry agent", entry, self._places.of("agents", entry, "entry"))
        yield Row("time zone", zone, place)
        yield Row("moment", f"{now:%A}, {now:%Y-%m-%d %H:%M}", self._moment.place)
        yield Row("open", told, self._places.of("hours"))

    def voice(self) -> Iterator[Row]:
        voice = self._loaded.vertical.voice
        for name in ("engine", "model", "voice", "transport"):
            yield Row(name, str(getattr(voice, name)), self._places.of("voice", name))
        accepted = voice.languages.accept
        spoken = "every language of the model" if accepted == "all" else ", ".join(accepted)
        at = ("voice", "languages")
        yield Row("language", voice.languages.default, self._places.of(*at, "default"))
        yield Row("languages accepted", spoken, self._places.of(*at, "accept"))
        yield Row("greeting", self._spoken(voice.greeting), self._places.of("voice", "greeting"))
        for name in ("still_there", "silence_goodbye", "limit_goodbye"):
            place = self._places.of("voice", "sentences", name)
            yield Row(name.replace("_", " "), self._spoken(getattr(voice.sentences, name)), place)

    def variables(self) -> Iterator[Row]:
        for name, value in self._line.variables.items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            yield Row(f"variable {name}", shown, self._variable_place(name))

    def secrets(self) -> Iterator[Row]:
        tenant = self._tenants.tenants[self._line.tenant]
        at = ("tenants", self._line.tenant)
        for name in self._loaded.vertical.secrets:
            source = tenant.secrets.get(name, f"env:{name.upper()}")
            place = self._tenants_places.of(*at, "secrets", name)
            value = "set" if self._has(source) else f"not set here{self._needing(name)}"
            yield Row(f"secret {name}", value, f"{source} ({place})")
        if tenant.twilio is not None:
            for key, source in (("account", tenant.twilio.account), ("token", tenant.twilio.token)):
                place = self._tenants_places.of(*at, "twilio", key)
                value = "set (the tenant's own)" if self._has(source) else _NOT_STARTED
                yield Row(f"Twilio {key}", value, f"{source} ({place})")
        else:
            settings = self._settings
            account, token = settings.twilio_account_sid, settings.twilio_auth_token
            yield Row(
                "Twilio account",
                "not set here: without it no text message can be sent"
                if account is None
                else _PLATFORM,
                "env:TWILIO_ACCOUNT_SID",
            )
            yield Row(
                "Twilio token",
                _NOT_STARTED if token is None else _PLATFORM,
                "env:TWILIO_AUTH_TOKEN",
            )
        yield self._model_key()

    def fallback(self) -> Iterator[Row]:
        out = way_out(self._line, AFTER, call_sid="", caller=CALLER, now=lambda: self._moment.at)
        yield from (Row(*one) for one in fallback_rows(out, self._places))

    def limits(self) -> Iterator[Row]:
        limits = self._loaded.vertical.limits
        owner = f"{self._line.tenant} and {self._loaded.vertical.name}"
        told = {
            "call": f"{format_duration(limits.call)}, then a goodbye and the end",
            "silence": f"{format_duration(limits.silence)}, then a question, then the end",
            "concurrent_calls": f"{limits.concurrent_calls} at once of {owner} in each server "
            f"process; one more goes as in `{FAILS}`",
        }
        for name, value in told.items():
            yield Row(f"limit {name.replace('_', ' ')}", value, self._places.of("limits", name))

    def after_call(self) -> Iterator[Row]:
        after = self._loaded.vertical.after_call
        if after is not None:
            told = f"{after_call_line(after)} (`{after.model}`)"
            yield Row("after the call", told, self._places.of("after_call"))

    def _state(self) -> CallState:
        return new_call(self._line, call_sid="", caller=CALLER, now=lambda: self._moment.at)

    def _spoken(self, template: str) -> str:
        names = self._state().names(self._loaded.vertical.state)
        try:
            return f"“{render(template, names)}”"
        except TemplateProblem as error:
            return f"cannot be said: {error}"

    def _variable_place(self, name: str) -> str:
        if name in self._tenants.tenants[self._line.tenant].variables:
            return self._tenants_places.of("tenants", self._line.tenant, "variables", name)
        return self._places.of("variables", name, "default")

    def _has(self, source: str) -> bool:
        return bool(self._environ.get(source.removeprefix("env:")))

    def _needing(self, secret: str) -> str:
        names = [
            f"`{name}`"
            for name, endpoint in self._loaded.vertical.endpoints.items()
            if endpoint.auth is not None and secret in endpoint.auth.names()
        ]
        return f": without it requests to {', '.join(names)} fail" if names else ""

    def _model_key(self) -> Row:
        settings = self._settings
        if settings.openai_api_key is not None:
            return Row("OpenAI key", "set", "env:OPENAI_API_KEY")
        if settings.realtime_url is not None:
            value = "not set here; `DIALPLAN_REALTIME_URL` names another endpoint"
            return Row("OpenAI key", value, "env:OPENAI_API_KEY")
        return Row("OpenAI key", _NOT_STARTED, "env:OPENAI_API_KEY")
