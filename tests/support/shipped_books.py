"""The playbooks that ship, carried out as a sandbox would, on trees that a test plants."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.planning.playbook import load_playbook
from engine.storage.shipped import shipped
from engine.vocabulary.actions import RunCommand
from engine.vocabulary.plans import Plan

BOOKS = sorted(path.stem for path in (shipped("roles") / "playbooks").glob("*.yaml"))
SYSTEM = {"PATH": os.environ["PATH"], "LANG": "C"}


def book(name: str) -> Plan:
    return load_playbook(shipped("roles") / "playbooks" / f"{name}.yaml")


def carry_out(name: str, tree: Path, environment: Mapping[str, str] = SYSTEM) -> str:
    """Every step and check of every task in order, each of which must succeed; what they said."""
    said = []
    for task in book(name).tasks:
        commands = [step.command for step in task.steps or () if isinstance(step, RunCommand)]
        for command in (*commands, *(check.run for check in task.checks)):
            ran = subprocess.run(["sh", "-c", command], cwd=tree, env=environment, capture_output=True, timeout=120)
            said.append((ran.stdout + ran.stderr).decode())
            assert ran.returncode == 0, said[-1]
    return "\n".join(said)


def checks_pass(name: str, tree: Path) -> bool:
    commands = [check.run for task in book(name).tasks for check in task.checks]
    return all(
        not subprocess.run(["sh", "-c", c], cwd=tree, env=SYSTEM, capture_output=True).returncode for c in commands
    )


def plant(tree: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tree


def content(tree: Path) -> dict[str, bytes]:
    return {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file() and not p.is_symlink()}
