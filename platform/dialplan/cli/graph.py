"""`dialplan graph`: draws the agents of a vertical, their tools and their handoffs."""

from __future__ import annotations

from pathlib import Path

import click

from dialplan.cli.finding import find_vertical
from dialplan.errors import ConfigError
from dialplan.graph.mermaid import mermaid
from dialplan.graph.picture import picture_of

_EXAMPLES = """\b
Examples:
  dialplan graph repair_shop                      Mermaid text, for a README
  dialplan graph repair_shop --output shop.svg    a drawing for the browser
"""


@click.command(epilog=_EXAMPLES)
@click.argument("vertical")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["mermaid", "svg"]),
    help="What is drawn; without it, what the ending of --output says, else Mermaid.",
)
@click.option("--output", type=click.Path(path_type=Path), help="A file; without it, the terminal.")
def graph(vertical: str, shape: str | None, output: Path | None) -> None:
    """Draw the agents of VERTICAL with their tools, and who hands the caller to whom.

    VERTICAL is a name in the verticals folder, or the path of a vertical's folder.
    """
    picture = picture_of(find_vertical(vertical).vertical)
    if shape is None:
        shape = "svg" if output is not None and output.suffix == ".svg" else "mermaid"
    if shape == "svg":
        # Imported on use: the layout engine is a native library that no other command needs.
        from dialplan.graph.svg import svg

        drawn = svg(picture)
    else:
        drawn = mermaid(picture)
    if output is None:
        click.echo(drawn, nl=False)
        return
    try:
        output.write_text(drawn, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"cannot write `{output}`: {(exc.strerror or str(exc)).lower()}") from exc
