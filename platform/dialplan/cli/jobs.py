"""`dialplan jobs`: do what follows calls, beside servers or as the child of one."""

from __future__ import annotations

import contextlib
import os
import sys

import click

from dialplan.cli.leaving import leave_with_the_parent
from dialplan.cli.logs import set_up_logs
from dialplan.cli.signals import run_until_signalled
from dialplan.errors import ConfigError
from dialplan.settings import Settings


@click.command()
@click.option(
    "--log",
    type=click.Choice(["json", "text"]),
    help="How logs are written to stderr: text on a terminal and JSON lines elsewhere, by default.",
)
@click.option("--child", is_flag=True, hidden=True, help="End when standard input does.")
@click.option("--emulated", multiple=True, hidden=True, metavar="VERTICAL.ENDPOINT=URL")
def jobs(log: str | None, child: bool, emulated: tuple[str, ...]) -> None:
    """Read calls that are over, and send what follows from them (`after_call`).

    `dialplan serve` starts this by itself. Run it on machines of their own, as many as you like,
    where servers should do nothing but answer: set `DIALPLAN_JOBS=off` for those. It needs
    `DIALPLAN_DATABASE_URL`, `OPENAI_API_KEY`, the tenants file, and the tenants' secrets.

    \b
    Examples:
      dialplan jobs
      DIALPLAN_JOBS_AT_ONCE=20 dialplan jobs --log json
    """
    settings = Settings.from_environ(os.environ)
    as_json = log == "json" or (log is None and not sys.stderr.isatty())
    set_up_logs(sys.stderr, as_json=as_json, pii=settings.log_pii)
    if child:
        leave_with_the_parent()
        # Calls go first: nobody waits for us.
        os.nice(10)
    from dialplan.jobs.running import run_jobs

    services = dict(map(_service, emulated))
    # To be stopped is how this ends.
    with contextlib.suppress(click.Abort):
        run_until_signalled(run_jobs(settings, os.environ, services))
    if not child:
        click.echo("stopped")


def _service(written: str) -> tuple[tuple[str, str], str]:
    name, _, url = written.partition("=")
    vertical, dot, endpoint = name.partition(".")
    if not (dot and url):
        raise ConfigError(f"`--emulated {written}`: expected VERTICAL.ENDPOINT=URL")
    return (vertical, endpoint), url
