"""This machine and its configuration: doctor and settings."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import ConfigError, UsageError
from engine.vocabulary.text import nearest
from orion_tui.cli.exits import Exit, report
from orion_tui.cli.options import TakesNumbers, json_option, opened, pin_option, secret_of
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.vocabulary.requests import DoctorReport
    from engine.vocabulary.settings import Settings

_SIGNS = {"ok": ("✓", "green"), "warn": ("⚑", "yellow"), "fail": ("✗", "red")}


@click.command()
@click.option("--removal", is_flag=True, help="Say how Orion is removed without a trace; nothing is removed by it.")
@json_option
def doctor(removal: bool, as_json: bool) -> int:
    """What works on this machine, what to do about the rest, and how much disk Orion uses. Exit 6 when no session could
    start."""
    if removal:
        return _removal(as_json)
    with opened() as engine:
        found = engine.doctor.report(Path.cwd())
    if as_json:
        say_json({"ok": found.ok, "checks": [asdict(check) for check in found.checks]})
        return Exit.DONE if found.ok else Exit.NO_SANDBOX
    say_checks(found)
    return Exit.DONE if found.ok else Exit.NO_SANDBOX


def _removal(as_json: bool) -> int:
    with opened() as engine:
        steps = engine.housekeeping.removal()
    if as_json:
        say_json({"steps": [asdict(step) for step in steps]})
        return Exit.DONE
    say("Close Orion everywhere, then run these in order. Nothing was removed yet.")
    for number, step in enumerate(steps, start=1):
        say(f"\n{number}. {step.what}")
        if step.command:
            say(f"   {step.command}")
    return Exit.DONE


def say_checks(found: DoctorReport) -> None:
    """Every check with what to do about it, and whether a session can start."""
    width = max((len(check.name) for check in found.checks), default=0)
    for check in found.checks:
        sign, colour = _SIGNS[check.status]
        say(f"{sign} {check.name:<{width}}  {check.detail}", fg=colour)
        if check.hint and (check.status != "ok" or check.name == "disk"):
            for line in check.hint.split("\n"):
                say(f"  {'':<{width}}  {line}")
    say("a session can start" if found.ok else "no session can start", bold=True)


@click.group()
def settings() -> None:
    """The configuration in effect."""


@settings.command()
@click.argument("key", required=False)
@json_option
def get(key: str | None, as_json: bool) -> int:
    """The configuration in effect, defaults included, or the value of one KEY such as `limits.time_s`."""
    with opened() as engine:
        values, path = _values(engine.settings.get()), engine.settings.path()
    if key:
        value = _at(values, key)
        if as_json:
            say_json({key: value})
        else:
            for name, part in _flat({key: value}):
                say(part if name == key else f"{name} = {part}")
        return Exit.DONE
    if as_json:
        say_json({**values, "path": str(path)})
        return Exit.DONE
    say(f"# {path}{'' if path.exists() else ' (not there: these are the defaults)'}")
    for name, part in _flat(values):
        say(f"{name} = {part}")
    return Exit.DONE


@settings.command("set", cls=TakesNumbers)
@click.argument("key")
@click.argument("value", required=False)
@click.option("--unset", is_flag=True, help="Take the key out, back to its default.")
@pin_option
@json_option
def set_(key: str, value: str | None, unset: bool, pin_stdin: bool, as_json: bool) -> int:
    """Write one KEY such as `limits.time_s`; VALUE is YAML (`90`, `docker`, `[/opt/node]`). Comments stay. What makes
    Orion less strict (`auth.window_s`, `sandbox.toolchains`), and any change of `notifications`, asks for the PIN or a
    code."""
    if unset == (value is not None):
        raise UsageError("give either a VALUE or --unset", "orion settings set limits.time_s 3600")
    with opened() as engine:
        text = engine.settings.with_value(key, value)
        engine.settings.save(text, secret=_secret_for(engine, text, pin_stdin))
        now = _at(_values(engine.settings.get()), key)
    if as_json:
        say_json({key: now})
    else:
        for name, part in _flat({key: now}):
            say(f"{name} = {part}")
    return Exit.DONE


@settings.command()
@pin_option
def edit(pin_stdin: bool) -> int:
    """Open the file in $VISUAL or $EDITOR. What was written counts only when it is valid; else it can be mended."""
    import tempfile

    with opened() as engine, tempfile.TemporaryDirectory(prefix="orion-settings-") as folder:
        before = engine.settings.text()
        draft = Path(folder) / "config.yaml"
        draft.write_text(before, "utf-8")
        while True:
            _run_editor(draft)
            text = draft.read_text("utf-8")
            if text == before:
                note("nothing was changed")
                return Exit.DONE
            try:
                secret = _secret_for(engine, text, pin_stdin)
                fields = engine.settings.save(text, secret=secret)
            except ConfigError as error:
                report(error)
                if sys.stdin.isatty() and click.confirm("Mend it?", default=True, err=True):
                    continue
                note("nothing was changed")
                return Exit.USAGE
            say(f"changed: {', '.join(fields)}" if fields else "written; the values are the same")
            return Exit.DONE


@settings.command()
@json_option
def keys(as_json: bool) -> int:
    """The keys of the app's actions: what may stand under `keys` in the configuration, with what each is now."""
    from orion_tui.actions import known_acts

    with opened() as engine:
        own = engine.settings.get().keys
    rows = [(act.id, own.get(act.id, act.key), act.key, act.screens) for act in known_acts()]
    if as_json:
        say_json({"keys": [{"action": i, "key": now, "usual": usual, "screens": on} for i, now, usual, on in rows]})
        return Exit.DONE
    for name, now, usual, on in rows:
        where = "everywhere" if "*" in on else ", ".join(on)
        say(f"{name:<18} {now:<8} {where}{'' if now == usual else f'  (usually {usual})'}")
    return Exit.DONE


def _values(settings: Settings) -> dict[str, Any]:
    """By the names that the file has."""
    values = asdict(settings)
    values["auth"] = {"window_s": values.pop("auth_window_s")}
    if email := values["notifications"]["email"]:
        email["from"] = email.pop("sender")
    return values


def _run_editor(draft: Path) -> None:
    """Raises UsageError when there is no editor, or it fails."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        code = subprocess.run([*words, str(draft)], check=False).returncode
    except OSError as error:
        raise UsageError(f"the editor {words[0]!r} cannot be started: {error.strerror}", "set EDITOR") from error
    if code:
        raise UsageError(f"the editor {words[0]!r} ended with {code}, so nothing was changed", "")


def _secret_for(engine: Engine, text: str, pin_stdin: bool) -> str | None:
    """The PIN or code where this text needs one and there is one, asked for as everywhere."""
    if not (engine.settings.weakens(text) and engine.auth.status().method):
        return None
    return secret_of(pin_stdin)


def _at(values: Mapping[str, Any], key: str) -> Any:
    value: Any = values
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            known = dict(_flat(values))
            raise UsageError(f"there is no setting {key!r}", nearest(key, known))
        value = value[part]
    return value


def _flat(values: Mapping[str, Any], lead: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            rows += _flat(value, f"{lead}{name}.")
        elif isinstance(value, list | tuple):
            rows.append((lead + name, ", ".join(str(part) for part in value) or "none"))
        else:
            rows.append((lead + name, "none" if value in (None, {}) else str(value)))
    return rows
