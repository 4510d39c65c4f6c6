"""A role file becomes a `Role`: the schema first, then the rules that a schema cannot say."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document, read_bytes, shipped_schema
from engine.governance.globs import overlap
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import Problem, RoleError
from engine.vocabulary.roles import (
    Authority,
    AuthorityRule,
    Criterion,
    RiskTolerance,
    Role,
    RoleSource,
    Thresholds,
    WorkingHours,
    WriteLimits,
)
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LISTS = ("autonomous", "requires_approval", "forbidden")
_THRESHOLDS = ("auto_execute", "execute_and_flag", "pause_and_ask")
_OLD_LISTS: Mapping[str, str] = {"allowed_actions": "autonomous", "blocked_actions": "forbidden"}
_LIMITS = ("file_bytes", "file_lines", "files_created", "files_modified", "total_bytes")


def read_role(path: Path, source: RoleSource = RoleSource.USER) -> Role:
    """The role in the file; one of a project is not trusted. Raises RoleError with every problem's place."""
    trusted = source is not RoleSource.PROJECT
    return parse_role(read_bytes(path, error=RoleError), path, source, trusted=trusted)


def parse_role(content: str | bytes, path: Path, source: RoleSource = RoleSource.USER, *, trusted: bool = True) -> Role:
    """The same from what a file holds, or would hold; `path` gives the name that it must have."""
    return _role(parse_role_document(content, path).data, path, source, trusted)


def parse_role_document(content: str | bytes, path: Path) -> Document:
    """The checked document of a role, with the place of each field. Raises RoleError with every problem's place."""
    document = parse_document(content, str(path), shipped_schema("role"), error=RoleError)
    problems = tuple(_problems(document, path))
    if problems:
        raise document.error(problems, RoleError)
    return document


def validate(path: Path) -> tuple[Problem, ...]:
    """Everything wrong with the file, in its order; empty for a good one."""
    try:
        read_role(path)
    except RoleError as error:
        return error.problems or (Problem(error.message, hint=error.hint),)
    return ()


def _problems(document: Document, path: Path) -> Iterator[Problem]:
    data = document.data
    if data["name"] != path.stem:
        yield document.problem(
            "name",
            f"the name {data['name']!r} is not the file's",
            f"call it {visible(path.stem)!r} or rename the file to {data['name']}.yaml",
        )
    yield from _list_problems(document, data)
    yield from _threshold_problems(document, data.get("confidence_thresholds", {}))
    ceiling = WriteLimits()
    for name, value in data.get("write_limits", {}).items():
        most = getattr(ceiling, name)
        if value > most:
            yield document.problem(
                f"write_limits.{name}",
                f"{value:,} is above the ceiling of {most:,}",
                "a role can lower a limit, never raise it",
            )
    hours = data.get("working_hours")
    if hours is not None and hours["from"] == hours["to"]:
        yield document.problem(
            "working_hours.to", "the hours end when they begin", "leave working_hours out for no limit"
        )


def _threshold_problems(document: Document, given: Mapping[str, float]) -> Iterator[Problem]:
    default = Thresholds()
    values = [(name, float(given.get(name, getattr(default, name)))) for name in _THRESHOLDS]
    for (upper, high), (lower, low) in pairwise(values):
        if low > high:
            field = lower if lower in given else upper
            yield document.problem(
                f"confidence_thresholds.{field}",
                f"{lower} ({low:g}) is above {upper} ({high:g})",
                "they must descend: auto_execute, execute_and_flag, pause_and_ask",
            )


def _list_problems(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    old = [name for name in _OLD_LISTS if name in data]
    if old and "authority" in data:
        yield document.problem(old[0], f"{old[0]} and authority say the same thing twice", f"remove {old[0]}")
        return
    entries = list(_entries(data))
    for index, (where, kind, rule) in enumerate(entries):
        for earlier_where, earlier_kind, earlier in entries[:index]:
            if rule.action is not earlier.action:
                continue
            if kind != earlier_kind and _clash(rule, earlier):
                there = document.place(earlier_where)[0]
                yield document.problem(
                    where,
                    f"{rule.action} stands in {earlier_kind} too (line {there})",
                    "an action is in one list only, or its patterns must not overlap",
                )
            elif kind == earlier_kind and not (rule.patterns and earlier.patterns):
                yield document.problem(where, f"{rule.action} stands twice in {kind}", "one entry is enough")


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[str, str, AuthorityRule]]:
    """Every authority entry with its field, the list it counts for and the rule."""
    if "authority" in data:
        lists = [(f"authority.{name}", name, data["authority"][name]) for name in _LISTS]
    else:
        lists = [(old, new, data[old]) for old, new in _OLD_LISTS.items()]
    for where, name, items in lists:
        for index, item in enumerate(items):
            if isinstance(item, str):
                yield f"{where}[{index}]", name, AuthorityRule(ActionClass(item))
            else:
                for action, patterns in item.items():
                    yield f"{where}[{index}]", name, AuthorityRule(ActionClass(action), tuple(patterns))


def _clash(first: AuthorityRule, second: AuthorityRule) -> bool:
    if not first.patterns or not second.patterns:
        return True
    return any(overlap(one, two) for one in first.patterns for two in second.patterns)


def _role(data: Mapping[str, Any], path: Path, source: RoleSource, trusted: bool) -> Role:
    rules: dict[str, list[AuthorityRule]] = {name: [] for name in _LISTS}
    for _, name, rule in _entries(data):
        rules[name].append(rule)
    notices: tuple[str, ...] = ()
    if "authority" not in data:
        listed = {rule.action for name in rules for rule in rules[name]}
        rules["requires_approval"] = [AuthorityRule(action) for action in ActionClass if action not in listed]
        notices = (
            (
                "allowed_actions and blocked_actions are the older form: read as authority.autonomous and "
                "authority.forbidden; everything else requires approval"
            ),
        )
    hours = data.get("working_hours")
    return Role(
        name=data["name"],
        display_name=data["display_name"],
        description=data["description"],
        competencies=tuple(data["competencies"]),
        authority=Authority(*(tuple(rules[name]) for name in _LISTS)),
        scope=tuple(data.get("scope", ("**",))),
        confidence_thresholds=Thresholds(**{k: float(v) for k, v in data.get("confidence_thresholds", {}).items()}),
        risk_tolerance=RiskTolerance(data.get("risk_tolerance", "medium")),
        auth_method=data.get("auth_method", "pin"),
        success_criteria=tuple(_criterion(item) for item in data.get("success_criteria", ())),
        write_limits=WriteLimits(**data.get("write_limits", {})),
        working_hours=WorkingHours(tuple(hours["days"]), hours["from"], hours["to"]) if hours else None,
        notifications={event: tuple(channels) for event, channels in data.get("notifications", {}).items()},
        replan_every=data.get("replan_every", 5),
        source=source,
        path=str(path),
        trusted=trusted,
        notices=notices,
    )


def _criterion(item: str | Mapping[str, str]) -> Criterion:
    return Criterion(item) if isinstance(item, str) else Criterion(item["text"], item.get("command"))
