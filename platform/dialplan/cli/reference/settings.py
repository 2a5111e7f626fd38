"""docs/reference/settings.md: every environment variable, from the settings themselves."""

from __future__ import annotations

from dialplan.cli.reference.markdown import GENERATED, code, table
from dialplan.settings import Settings


def settings_page() -> str:
    """Return the page."""
    rows = []
    for field in Settings.model_fields.values():
        name = str(field.alias)
        default = "" if field.default in (None, (), "") else code(str(field.default))
        secret = " Secret: never printed." if "SecretStr" in str(field.annotation) else ""
        anchor = f'<a id="{name.lower()}"></a>{code(name)}'
        rows.append((anchor, default, f"{field.description or ''}{secret}"))
    parts = [
        "# Settings",
        "",
        GENERATED,
        "",
        "Everything an operator can set, as environment variables. They are read once, when the",
        "process starts; one that is set but empty counts as not set. `dialplan settings` prints",
        "the values in force, with secrets hidden.",
        "",
        *table(("variable", "default", "meaning"), rows),
        "",
        "The secrets of a vertical are not settings: a tenant names the variable that holds each,",
        "under [secrets](language.md#tenants-tenants-name-secrets). Without that, it is the",
        "secret's own name in capitals.",
        "",
        "Whether and where traces are sent is said by OpenTelemetry's own variables: see",
        "[traces](traces.md#settings).",
    ]
    return "\n".join(parts) + "\n"
