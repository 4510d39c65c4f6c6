"""What several commands share: the engine, the common options, durations and money, questions and secrets."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.sessions import MOST_PARALLEL
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.vocabulary.keymaps import KnownAct

    _FloatType = click.ParamType[float]
else:
    _FloatType = click.ParamType  # it takes no type argument before click 8.5

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="For scripts: JSON on standard output.")
workspace_option = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the current directory",
    help="The repository that is meant.",
)
parallel_option = click.option(
    "--parallel",
    type=click.IntRange(1, MOST_PARALLEL),
    metavar="N",
    help=f"Independent tasks side by side, 1 to {MOST_PARALLEL}; each has a sandbox with memory of its own.",
)
pin_option = click.option(
    "--pin-stdin",
    "--code-stdin",
    "pin_stdin",
    is_flag=True,
    help="Read the PIN or the code from one line of standard input.",
)


def session_argument(*, required: bool) -> Callable[[Command], Command]:
    """The argument ID; left out where it may be, the latest session of the workspace is meant."""
    return click.argument("session", metavar="ID" if required else "[ID]", required=required)


def home_folder() -> Path:
    """Where Orion keeps everything: $ORION_HOME, or ~/.orion."""
    return Path(os.environ.get("ORION_HOME") or Path.home() / ".orion").expanduser().absolute()


@contextmanager
def opened(home: Path | None = None) -> Iterator[Engine]:
    """The engine on `home` (as `home_folder` says when None), closed at the end."""
    from engine.build import build

    def acts() -> tuple[KnownAct, ...]:
        # Only who reads or writes the keys of the configuration needs the app's table.
        from orion_tui.actions import known_acts

        return known_acts()

    engine = build(home or home_folder(), acts)
    for said in engine.settled:
        click.echo(f"orion: {visible(said)}", err=True)
    try:
        yield engine
    finally:
        engine.close()


class Duration(_FloatType):
    """`2h`, `90m`, `45s`, `1h30m` or plain seconds, as seconds."""

    name = "duration"
    _PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = self._PARTS.fullmatch(str(value).replace(" ", ""))
        hours, minutes, seconds = match.groups() if match else (None, None, None)
        total = float(hours or 0) * 3600 + float(minutes or 0) * 60 + float(seconds or 0)
        if total <= 0:
            self.fail(f"{value!r} is not a duration; write it as 2h, 90m, 45s or 1h30m", param, ctx)
        return total


class Money(_FloatType):
    """US dollars such as `2.50`, zero or more."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).removeprefix("$")
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) is None:
            self.fail(f"{value!r} is not an amount in US dollars; write it as 2.50", param, ctx)
        return float(text)


class TakesNumbers(click.Command):
    """A command whose values may be negative numbers: `-5` is one, no option that there is not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" not in args:
            numbers = [arg for arg in args if re.fullmatch(r"-\d[\d._]*", arg)]
            args = [arg for arg in args if arg not in numbers] + (["--", *numbers] if numbers else [])
        return super().parse_args(ctx, args)


def asked(question: str, option: str) -> bool:
    """The answer to a yes-or-no question on the terminal. Without one: UsageError naming the missing option."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is no terminal to ask on.", f"say it with {option}")
    return click.confirm(question, default=False, err=True)


def secret_of(pin_stdin: bool, prompt: str = "PIN or code", option: str = "--pin-stdin") -> str:
    """A secret from standard input or, hidden, from the terminal. Without either: UsageError naming the option."""
    if pin_stdin:
        return line_of_input()
    if not sys.stdin.isatty():
        raise UsageError(f"the {prompt} is missing and there is no terminal to ask on", f"give it with {option}")
    answer: str = click.prompt(prompt, hide_input=True, err=True)
    return answer


def line_of_input() -> str:
    """The next line of standard input, without its end. UsageError when there is none."""
    line = sys.stdin.readline()
    if not line:
        raise UsageError("standard input ended before the expected line", "write one line for each secret")
    return line.rstrip("\r\n")
