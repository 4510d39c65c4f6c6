"""What was typed into New goal as a request, or what is wrong with it, field by field. Pure: the screen shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import (
    ConfigError,
    LimitExceeded,
    ModelError,
    OrionError,
    PlanError,
    RoleError,
    WorkspaceError,
)
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import MOST_PARALLEL
from orion_tui.durations import read_duration, read_money
from orion_tui.parallel import read_parallel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.sessions import Limits

_FIELD_OF: tuple[tuple[type[OrionError], str], ...] = (
    (RoleError, "role"),
    (PlanError, "how"),
    (ModelError, "how"),
    (LimitExceeded, "cost"),
    (WorkspaceError, "workspace"),
    (ConfigError, "status"),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they stand; `how` is `model:NAME`, `playbook:NAME` or empty, `role` empty when none is chosen."""

    goal: str
    role: str
    how: str
    workspace: str
    time: str
    cost: str
    parallel: str


def request_of(
    typed: Typed, usual: Limits, playbooks: Mapping[str, Path], no_model: str
) -> tuple[SessionRequest | None, list[tuple[str, str]]]:
    """The request, or none and a sentence for each field that is wrong. `usual` are the limits that are not asked for;
    `no_model` says what to do where there is no model to choose."""
    kind, _, name = typed.how.partition(":")
    wrong: list[tuple[str, str]] = []
    if not kind:
        wrong.append(("how", no_model or "choose a playbook or a model"))
    if not typed.goal and kind != "playbook":
        wrong.append(("goal", "say what should be done, or choose a playbook, which brings its own goal"))
    if not typed.role:
        wrong.append(("role", "choose who works on it"))
    workspace = Path(typed.workspace or ".").expanduser()
    if not workspace.is_dir():
        wrong.append(("workspace", f"there is no folder {workspace}"))
    time_s, cost_usd = read_duration(typed.time), read_money(typed.cost)
    if time_s is None:
        wrong.append(("time", "a number with s, m or h, more than nothing: 90m, 8h"))
    if cost_usd is None:
        wrong.append(("cost", "an amount such as 2.50"))
    parallel = read_parallel(typed.parallel)
    if parallel is None:
        wrong.append(("parallel", f"a number from 1 to {MOST_PARALLEL}"))
    if wrong or time_s is None or cost_usd is None or parallel is None:
        return None, wrong
    request = SessionRequest(
        workspace=workspace,
        goal=typed.goal,
        role=typed.role,
        playbook=playbooks.get(name) if kind == "playbook" else None,
        model=name if kind == "model" else "",
        limits=replace(usual, time_s=time_s, cost_usd=cost_usd, parallel=parallel),
    )
    return request, []


def place_of(error: OrionError) -> tuple[str, str]:
    """The field that an error of the engine is about, and what is said there."""
    field = next((field for kind, field in _FIELD_OF if isinstance(error, kind)), "status")
    lines = [error.message]
    if isinstance(error, ConfigError):
        # The first problem stands in the message already, with its hint behind.
        further = [p for p in error.problems[:4] if p.message not in error.message]
        lines += [f"line {p.line}, {p.field}: {p.message} {p.hint}".rstrip() for p in further]
    if error.hint:
        lines.insert(1, error.hint)
    return field, "\n".join(lines)
