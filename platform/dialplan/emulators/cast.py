"""Who takes part in a rehearsal: the lines, whom they may dial, the secrets that stand in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.config.load import load_all, load_tenants
from dialplan.model.tenants import Tenants
from dialplan.runtime import reload
from dialplan.settings import Settings

SECRET = "rehearsal"  # noqa: S105  the emulated services take any token


@dataclass(frozen=True, slots=True)
class Cast(reload.Cast):
    """The verticals and tenants of a rehearsal."""

    @property
    def lines(self) -> dict[str, tuple[str, str]]:
        """Return (tenant, vertical) by number."""
        return {
            number: (tenant, vertical)
            for tenant, declared in self.tenants.tenants.items()
            for number, vertical in declared.lines.items()
        }

    @property
    def phones(self) -> set[str]:
        """Return the values of all variables of type phone: where callers are put through to."""
        phones: set[str] = set()
        for tenant in self.tenants.tenants.values():
            for name in tenant.lines.values():
                for variable, declared in self.verticals[name].vertical.variables.items():
                    value = tenant.variables.get(variable, declared.default)
                    if declared.type == "phone" and value is not None:
                        phones.add(str(value))
        return phones


def stand_ins(
    tenants: Tenants, environ: Mapping[str, str], account: str = SECRET, token: str = SECRET
) -> dict[str, str]:
    """Return the environment of a server under rehearsal.

    A secret without a value gets one, and a tenant with an account of its own is called from the
    emulated one: nobody needs the real thing to rehearse.
    """
    filled = {
        source.removeprefix("env:"): SECRET
        for tenant in tenants.tenants.values()
        for source in tenant.secrets.values()
    }
    filled.update(environ)
    for tenant in tenants.tenants.values():
        if tenant.twilio is not None:
            filled[tenant.twilio.account.removeprefix("env:")] = account
            filled[tenant.twilio.token.removeprefix("env:")] = token
    return filled


def load_cast(settings: Settings) -> Cast:
    """Load every vertical and the tenants file.

    Raises:
        ConfigError: a file has errors; all of them are in it.
    """
    verticals = load_all(settings.verticals)
    tenants = load_tenants(settings.tenants_file, [one.vertical for one in verticals.values()])
    return Cast(verticals, tenants)
