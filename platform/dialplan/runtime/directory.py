"""What a called number resolves to: tenant, vertical and the values that they share.

There is no default tenant: a number that nobody owns resolves to nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dialplan.config.load import LoadedVertical
from dialplan.errors import ConfigError
from dialplan.model.tenants import Tenant, Tenants
from dialplan.model.vertical import Vertical


@dataclass(frozen=True, slots=True)
class Line:
    """A called number with everything that answers it.

    Attributes:
        number: the called number, E.164.
        variables: the vertical's variables with the tenant's values over the defaults.
        secrets: the values of the vertical's secrets that are set; never printed.
        account: the SID of the Twilio account that owns the number, None when unknown.
        token: that account's auth token; signs the number's webhooks.
    """

    number: str
    tenant: str
    vertical: LoadedVertical
    variables: Mapping[str, object]
    secrets: Mapping[str, str] = field(repr=False)
    account: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Trial:
    """A newer version of a line's vertical, for a part of its calls.

    Attributes:
        fraction: the share of calls, from 0 to 1.
        numbers: called numbers, or callers, whose calls all get it.
    """

    line: Line
    fraction: float
    numbers: frozenset[str] = frozenset()

    def takes(self, caller: str, call_sid: str) -> bool:
        """Whether a call gets the newer version; the same for the same call, whoever asks."""
        if self.line.number in self.numbers or caller in self.numbers:
            return True
        digest = hashlib.sha256(call_sid.encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.fraction


class Directory(Mapping[str, Line]):
    """Every line of this process by its number, exchanged as a whole when files change.

    A call keeps the line that it was given: what it holds never changes.
    """

    def __init__(
        self, lines: Mapping[str, Line], trials: Mapping[str, Trial] | None = None
    ) -> None:
        self.replace(lines, trials or {})

    def replace(self, lines: Mapping[str, Line], trials: Mapping[str, Trial]) -> None:
        """Take other lines from the next call on."""
        self._lines, self._trials = dict(lines), dict(trials)
        # Asked for at every media socket; to collect them from 10,000 lines takes a millisecond.
        self._tokens = tuple(
            dict.fromkeys(line.token for line in self._lines.values() if line.token)
        )

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every auth token of a line, once each."""
        return self._tokens

    def choose(self, called: str, caller: str, call_sid: str) -> Line | None:
        """Return the line that answers a call, or nothing when nobody owns the number."""
        trial = self._trials.get(called)
        if trial is not None and trial.takes(caller, call_sid):
            return trial.line
        return self._lines.get(called)

    def __getitem__(self, number: str) -> Line:
        return self._lines[number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def build_lines(
    tenants: Tenants,
    verticals: Mapping[str, LoadedVertical],
    environ: Mapping[str, str],
    *,
    account: str | None,
    token: str | None,
) -> dict[str, Line]:
    """Return every line by its number; `account` and `token` are the platform's own.

    Raises:
        ConfigError: a variable that a vertical needs has no value, or a number is bound twice.
    """
    lines: dict[str, Line] = {}
    for name, tenant in tenants.tenants.items():
        own_account, own_token = _account(name, tenant, environ)
        for number, vertical_name in tenant.lines.items():
            loaded = verticals.get(vertical_name)
            if loaded is None:
                raise ConfigError(f"tenant `{name}`: there is no vertical `{vertical_name}`")
            if number in lines:
                raise ConfigError(
                    f"tenant `{name}`: `{number}` already belongs to `{lines[number].tenant}`"
                )
            lines[number] = Line(
                number=number,
                tenant=name,
                vertical=loaded,
                variables=variables_of(name, tenant, loaded),
                secrets=secrets_of(tenant.secrets, loaded.vertical, environ),
                account=own_account or account,
                token=own_token or token,
            )
    return lines


def variables_of(name: str, tenant: Tenant, loaded: LoadedVertical) -> dict[str, object]:
    """Return a vertical's variables with the values of a tenant over the defaults.

    Raises:
        ConfigError: one has no value.
    """
    values: dict[str, object] = {}
    for variable, declared in loaded.vertical.variables.items():
        value = tenant.variables.get(variable, declared.default)
        if value is None:
            raise ConfigError(
                f"tenant `{name}`: `{loaded.vertical.name}` needs a value for `{variable}`; "
                "set it under `variables`"
            )
        values[variable] = value
    return values


def secrets_of(
    sources: Mapping[str, str], vertical: Vertical, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the values of a vertical's secrets that are set; `sources` are those of a tenant."""
    # Without a value the tools that need the secret fail alone: a missing key of one tenant must
    # not keep the others' phones from being answered.
    values: dict[str, str] = {}
    for secret in vertical.secrets:
        source = sources.get(secret, f"env:{secret.upper()}")
        value = environ.get(source.removeprefix("env:"))
        if value:
            values[secret] = value
    return values


def _account(
    name: str, tenant: Tenant, environ: Mapping[str, str]
) -> tuple[str | None, str | None]:
    if tenant.twilio is None:
        return None, None
    found = [
        environ.get(source.removeprefix("env:"))
        for source in (tenant.twilio.account, tenant.twilio.token)
    ]
    if not all(found):
        raise ConfigError(
            f"tenant `{name}`: set `{tenant.twilio.account[4:]}` and `{tenant.twilio.token[4:]}`, "
            "or remove `twilio`"
        )
    return found[0], found[1]
