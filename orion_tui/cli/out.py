"""Everything that the command line prints goes through here: untrusted text made visible, colour only where it helps.

Text for people and JSON go to standard output, messages to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.text import lines_of, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LINES = "\n\t"


def _colour() -> bool | None:
    """False switches colour off; None leaves it to whether the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def say(text: str = "", *, fg: str | None = None, bold: bool | None = None) -> None:
    """One or more lines for a person on standard output."""
    click.echo(click.style(visible(text, keep=_LINES), fg=fg, bold=bold), color=_colour())


def note(text: str, *, fg: str | None = None) -> None:
    """A message on standard error."""
    click.echo(click.style(visible(text, keep=_LINES), fg=fg), err=True, color=_colour())


def say_json(value: Any) -> None:
    """One JSON object on one line of standard output, pure ASCII, so that no terminal acts on what it carries."""
    click.echo(json.dumps(value, default=str))


def say_bytes(data: bytes) -> None:
    """Bytes as they are when somebody else reads them (a patch for `git apply`), made visible on a terminal."""
    if not sys.stdout.isatty():
        click.echo(data, nl=False)
        return
    text = data.decode("utf-8", errors="backslashreplace")
    for line in lines_of(text):
        say(line, fg=_DIFF_COLOURS.get(line[:1]) if not line.startswith(("+++", "---")) else None)


_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, colours: Mapping[str, str] | None = None) -> None:
    """Aligned columns. In a terminal they are fitted to its width; elsewhere nothing is cut. A cell whose first word is
    a key of `colours` is drawn in that colour."""
    shown = [[visible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _rich_table(head, shown, colours or {})
        return
    _plain_table(head, shown)


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len

    widths = [max(cell_len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _rich_table(head: Sequence[str], rows: Sequence[Sequence[str]], colours: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold dim")
    for place, title in enumerate(head, 1):
        # The last column is the one with sentences: it takes what is left and wraps.
        drawn.add_column(Text(title), overflow="fold", no_wrap=place < len(head))
    for row in rows:
        drawn.add_row(*(Text(cell, style=colours.get(cell.partition(" ")[0], "")) for cell in row))
    Console(highlight=False, markup=False).print(drawn)


def lose_output() -> None:
    """Nobody reads any more (a closed pipe, a terminal that is gone): what is still printed goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue
    os.close(nowhere)
