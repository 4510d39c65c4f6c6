"""Untrusted text through every command, on a real terminal: drawn, never obeyed, and no command fails over it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from engine.vocabulary.text import visible
from orion_tui.cli.root import COMMANDS
from tests.support.counts import count
from tests.support.terminals import hostile, on_a_terminal
from tests.support.workspace import make_repository

Command = tuple[Sequence[str], str]

# Every command that takes a text, with the text in each of its places.
GIVEN: tuple[Callable[[str], Command], ...] = (
    lambda t: (["guard"], t),
    lambda t: (["scan", "-"], f"AKIA{'Z7QHTEXAMPLE9KQD'} {t}"),
    lambda t: (["scan", t], ""),
    lambda t: (["role", "test", "software-engineer", "--run", t], ""),
    lambda t: (["role", "test", "software-engineer", "--write", t], ""),
    lambda t: (["role", "test", "software-engineer", "--delete", t], ""),
    lambda t: (["role", "test", "software-engineer", "--read", t], ""),
    lambda t: (["role", "test", "software-engineer", "--action", t], ""),
    lambda t: (["role", "test", t, "--run", "ls"], ""),
    lambda t: (["role", "show", t], ""),
    lambda t: (["role", "validate", t], ""),
    lambda t: (["role", "delete", t], ""),
    lambda t: (["role", "edit", t, "scope", t], ""),
    lambda t: (["role", "edit", "software-engineer", t, t], ""),
    lambda t: (["role", "trust", t], ""),
    lambda t: (["role", "create", "--name", t, "--from", t], ""),
    lambda t: (["role", t], ""),
    lambda t: (["why", t], ""),
    lambda t: (["plan", t, "--role", t], ""),
    lambda t: (["work", t, "--yes", "--model", t], ""),
    lambda t: (["work", "--playbook", t, "--yes"], ""),
    lambda t: (["work", "go", "--yes", "--time-limit", t], ""),
    lambda t: (["work", "go", "--yes", "--plan", t], ""),
    lambda t: (["promote", t, "--only", t], ""),
    lambda t: (["deny", t, "--reason", t], ""),
    lambda t: (["reject", t, "--reason", t], ""),
    lambda t: (["rollback", t, t], ""),
    lambda t: (["settings", t], ""),
    lambda t: (["auth", t], ""),
    lambda t: (["sessions", "--workspace", t], ""),
    lambda t: ([t], ""),
    lambda t: ([f"--{t}"], ""),
)
SIMPLE = tuple(
    name
    for section in COMMANDS.values()
    for name in section
    if name not in ("demo", "work", "guard", "scan", "role", "auth", "settings", "audit", "serve")
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo", {"a.py": "x = 1\n"})


@pytest.mark.parametrize("colour", [True, False], ids=["colours", "plain"])
def test_whatever_is_given_is_drawn_and_never_obeyed(home: Path, repository: Path, colour: bool) -> None:
    texts = hostile(count(10_000) // 2, seed=1 + colour)
    ways = [*GIVEN, *((lambda t, name=name: ([name, t], "")) for name in SIMPLE)]
    commands = [ways[at % len(ways)](text) for at, text in enumerate(texts)]
    seen = 0
    for shown in on_a_terminal(home, repository, commands, colour=colour):
        assert not shown.foreign(), (shown.arguments, shown.foreign())
        assert shown.code != 1, (shown.arguments, shown.text)
        seen += 1
    assert seen == len(commands)


@pytest.mark.sandbox
def test_what_a_repository_a_role_and_a_playbook_hold_is_drawn_and_never_obeyed(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    texts = iter(hostile(2_000, seed=3))
    lines = [next(texts) for _ in range(40)]
    tasks = [
        {
            "id": f"t{n}",
            "title": f"{n} {next(texts)}"[:180],
            "confidence": 0.8 if n % 3 else 1.0,
            "steps": [
                {"run": f"printf '%s\\n' {shlex.quote(next(texts))}; false {shlex.quote(next(texts))} || true"},
                {"write": {"path": f"docs/{n}[bold]漢字.md", "content": "\n".join(lines)}},
                *([{"write": {"path": f"{n}/package.json", "content": next(texts)}}] if n % 4 == 3 else ()),
                *([{"write": {"path": f"docs/{next(texts)}".replace("\0", ""), "content": ""}}] if n % 4 == 2 else ()),
            ],
            "checks": [{"run": f"printf '%s' {shlex.quote(next(texts))}; exit {n % 2}"}],
        }
        for n in range(8)
    ]
    playbook = tmp_path / "hostile.yaml"
    playbook.write_text(yaml.safe_dump({"name": "hostile", "goal": next(texts), "tasks": tasks}))
    role = yaml.safe_load((Path(__file__).parents[1] / "roles/software-engineer.yaml").read_text())
    folder = repository / ".orion" / "roles"
    folder.mkdir(parents=True)
    for n in range(6):
        name = f"night-{n}"
        told = {
            **role,
            "name": name,
            "display_name": next(texts),
            "description": next(texts),
            "competencies": [next(texts) for _ in range(5)],
            "success_criteria": [next(texts), {"text": next(texts), "command": next(texts)}],
            **({next(texts): next(texts)} if n % 2 else {}),
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(told))
    (folder / "[bold]漢字.yaml").write_text(next(texts))
    commands: list[Command] = [
        (["role", "list"], ""),
        *((["role", "show", f"night-{n}"], "") for n in range(6)),
        *((["role", "validate", str(path)], "") for path in sorted(folder.iterdir())),
        (["role", "test", "software-engineer", "--batch"], "".join(json.dumps({"run": t}) + "\n" for t in lines)),
        (["plan", "--playbook", str(playbook)], ""),
        (["work", "--playbook", str(playbook), "--yes"], ""),
        *(([name], "") for name in ("sessions", "status", "log", "approvals", "checkpoints", "review", "diff")),
        *((["why", str(n)], "") for n in range(1, 40)),
        (["reject", "--reason", next(texts)], ""),
        (["status"], ""),
        (["log"], ""),
    ]
    drawn = ""
    for shown in on_a_terminal(home, repository, commands, colour=True):
        assert not shown.foreign(), (shown.arguments, shown.foreign())
        assert shown.code != 1, (shown.arguments, shown.text)
        if shown.arguments[0] in ("work", "log", "diff", "role"):
            drawn += shown.text
    for text in lines:
        assert (
            visible(text, keep="\t").replace("\t", "") in drawn.replace("\t", "").replace("\r\n", "\n") or "\t" in text
        )
