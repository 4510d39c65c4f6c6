"""The secret scanner on files, standard input and git ranges, and the list of what is no secret."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import counted, visible
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of, workspace_option
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.engine import Engine


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1)
@click.option("--range", "wanted", metavar="A..B", help="What the commits of a range add, their messages too.")
@click.option("--staged", is_flag=True, help="What the index holds beyond the last commit.")
@workspace_option
@json_option
def scan(paths: tuple[str, ...], wanted: str | None, staged: bool, workspace: Path, as_json: bool) -> int:
    """Look for secrets in files and folders (`-` is standard input), in commits or in the index. Exit 8 when there is
    any, 2 when none was found but something could not be read. What is on your allow-list (`orion allowlist`) is passed
    by; nothing in what is scanned can silence it."""
    if not paths and not wanted and not staged:
        raise UsageError("nothing was named to be looked at", "name files or folders, -, --range A..B or --staged")
    count = troubled = 0
    with opened() as engine:
        for place, hits, trouble in _found(engine, paths, wanted, staged, workspace):
            # A name may be a secret itself, and hold bytes that are no text.
            name = place["path"].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            place["path"] = engine.scan.redact(name) if hits or trouble else name
            if trouble:
                troubled += 1
                note(f"orion: {visible(place['path'])} cannot be read: {trouble}")
            for hit in hits:
                count += 1
                if as_json:
                    say_json({**place, **_told(hit)})
                else:
                    say(f"✗ {_words(place, hit)}", fg="red")
    if not as_json:
        found = "a secret" if count == 1 else f"{count} secrets"
        note(f"orion: {found} found" if count else "orion: no secrets found")
        if troubled:
            note(f"orion: not everything was looked at: {troubled} could not be read")
    if count:
        return Exit.BLOCKED
    return Exit.USAGE if troubled else Exit.DONE


def _found(
    engine: Engine, paths: tuple[str, ...], wanted: str | None, staged: bool, workspace: Path
) -> Iterator[tuple[dict[str, Any], Iterable[Any], str]]:
    """Where, what was found there, and why it could not be read."""
    if "-" in paths:
        yield {"path": "-"}, engine.scan.stream(sys.stdin.buffer.read), ""
    files = [Path(path) for path in paths if path != "-"]
    for file in engine.scan.files(files):
        yield {"path": file.path}, file.hits, file.trouble
    for commit in engine.scan.commits(workspace, wanted) if wanted else ():
        yield {"path": commit.path, "commit": commit.commit}, commit.hits, ""
    for commit in engine.scan.staged(workspace) if staged else ():
        yield {"path": commit.path, "commit": ""}, commit.hits, ""


def _told(hit: Any) -> dict[str, Any]:
    told = {"line": hit.line, "rule": hit.rule, "redacted": hit.redacted, "digest": hit.digest}
    more = {"form": hit.form, "inside": hit.inside, "proof": hit.proof}
    return told | {key: value for key, value in more.items() if value}


def _words(place: dict[str, Any], hit: Any) -> str:
    commit = f"{place['commit'][:10]} " if place.get("commit") else ""
    inside = f"!{visible(hit.inside)}" if hit.inside else ""
    said = "; ".join(part for part in (hit.form, hit.proof) if part)
    return (
        f"{commit}{visible(place['path'])}{inside}:{hit.line}: {hit.rule}: {hit.redacted}{f' ({said})' if said else ''}"
    )


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def allowlist(context: click.Context, as_json: bool) -> int:
    """What the scanner lets pass: list it, add to it, take out of it. It is yours alone (`secrets_allowlist.yaml` in
    Orion's home); a repository cannot bring one."""
    if context.invoked_subcommand:
        return Exit.DONE
    with opened() as engine:
        entries, path = engine.scan.allow_list().entries, engine.scan.allow_list_path()
    if as_json:
        fields = ("pattern", "path", "digest", "rule", "reason")
        say_json([{name: getattr(entry, name) for name in fields if getattr(entry, name)} for entry in entries])
        return Exit.DONE
    for number, entry in enumerate(entries, start=1):
        kind = "path" if entry.path else "pattern" if entry.pattern else "digest"
        only = f" ({entry.rule} only)" if entry.rule else ""
        say(f"{number}  {kind} {entry.path or entry.pattern or entry.digest[:16]}{only}: {entry.reason}")
    note(f"orion: {counted(len(entries), 'entry')} in {path}")
    return Exit.DONE


@allowlist.command()
@click.option("--path", "glob", default="", metavar="GLOB", help="Files that may hold such things.")
@click.option("--pattern", default="", metavar="REGEX", help="What the whole secret looks like.")
@click.option("--digest", default="", metavar="SHA256", help="One find, as `orion scan --json` tells it.")
@click.option("--rule", default="", help="Only this kind of secret.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is no secret.")
@pin_option
def add(glob: str, pattern: str, digest: str, rule: str, reason: str, pin_stdin: bool) -> int:
    """Add an entry: one of --path, --pattern and --digest, with the reason."""
    if sum(map(bool, (glob, pattern, digest))) != 1:
        raise UsageError("an entry is one of a path, a pattern and a digest", "--path, --pattern or --digest")
    secret = secret_of(pin_stdin)
    with opened() as engine:
        engine.scan.allow(reason, secret, pattern=pattern, path=glob, digest=digest, rule=rule)
    note("orion: added; see: orion allowlist")
    return Exit.DONE


@allowlist.command()
@click.argument("number", type=int)
@pin_option
def remove(number: int, pin_stdin: bool) -> int:
    """Take the entry of that NUMBER out."""
    secret = secret_of(pin_stdin)
    with opened() as engine:
        engine.scan.disallow(number, secret)
    note("orion: removed; see: orion allowlist")
    return Exit.DONE
