"""The rules of a role file that no schema can say: names, overlaps, order, ceilings, hours and patterns that can never
match. Each fault is told at its place."""

from __future__ import annotations

import re
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from engine.governance.globs import overlap
from engine.roles.witnesses import other_class
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.roles import AuthorityRule, Thresholds, WriteLimits
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.documents import Document
    from engine.vocabulary.errors import Problem

LISTS = ("autonomous", "requires_approval", "forbidden")
_THRESHOLDS = ("auto_execute", "execute_and_flag", "pause_and_ask")
_OLD_LISTS: Mapping[str, str] = {"allowed_actions": "autonomous", "blocked_actions": "forbidden"}
# Patterns of these are those of commands, not of paths.
_COMMANDS = frozenset(
    {ActionClass.COMMAND_RUN, ActionClass.TESTS_RUN, ActionClass.GIT_BRANCH, ActionClass.GIT_MERGE}
    | {ActionClass.NETWORK_REQUEST, ActionClass.DEPLOY, ActionClass.REPO_DELETE}
)
# Patterns of these may be either; one with a space or without a slash may be a command.
_EITHER = frozenset({ActionClass.DEPS_CHANGE, ActionClass.SCHEMA_CHANGE, ActionClass.INFRA_CHANGE})
_WRITES = frozenset(
    {ActionClass.CODE_WRITE, ActionClass.TESTS_WRITE, ActionClass.DOCS_WRITE, ActionClass.CONFIG_WRITE}
    | {ActionClass.CI_CHANGE, ActionClass.FILE_DELETE, *_EITHER}
)
_OUT_OF_REACH = (".git", ".orion")


def problems_of(document: Document, path: Path) -> Iterator[Problem]:
    """Everything wrong with a role that fits the schema; `path` is the file that it has to be named after."""
    data = document.data
    if data["name"] != path.stem:
        yield document.problem(
            "name",
            f"the name {data['name']!r} is not the file's",
            f"call it {visible(path.stem)!r} or rename the file to {data['name']}.yaml",
        )
    yield from _list_problems(document, data)
    yield from _pattern_problems(document, data)
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
    yield from _setup_problems(document, data)
    if "fallback_model" in data and data["fallback_model"] == data.get("model"):
        yield document.problem(
            "fallback_model", f"{data['model']!r} cannot stand in for itself", "name another model, or remove it"
        )
    hours = data.get("working_hours")
    if hours is not None and hours["from"] == hours["to"]:
        yield document.problem(
            "working_hours.to", "the hours end when they begin", "leave working_hours out for no limit"
        )


def _setup_problems(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    setup = data.get("setup", {})
    for index, pattern in enumerate(setup.get("files", ())):
        if dead := _dead(pattern, reachable=False):
            yield document.problem(f"setup.files[{index}]", *dead)
    forbidden = [where for where, kind, rule in authority_entries(data) if kind == "forbidden" and _is_network(rule)]
    if setup and forbidden:
        line = document.place(forbidden[0])[0]
        yield document.problem(
            "setup",
            f"a set-up phase has a network, and network.request is forbidden (line {line})",
            "move network.request to requires_approval, or leave setup out",
        )


def _is_network(rule: AuthorityRule) -> bool:
    return rule.action is ActionClass.NETWORK_REQUEST and not rule.patterns


def authority_entries(data: Mapping[str, Any]) -> Iterator[tuple[str, str, AuthorityRule]]:
    """Every authority entry with its field, the list it counts for and the rule."""
    if "authority" in data:
        lists = [(f"authority.{name}", name, data["authority"][name]) for name in LISTS]
    else:
        lists = [(old, new, data[old]) for old, new in _OLD_LISTS.items()]
    for where, name, items in lists:
        for index, item in enumerate(items):
            if isinstance(item, str):
                yield f"{where}[{index}]", name, AuthorityRule(ActionClass(item))
            else:
                for action, patterns in item.items():
                    yield f"{where}[{index}]", name, AuthorityRule(ActionClass(action), tuple(patterns))


def _threshold_problems(document: Document, given: Mapping[str, float]) -> Iterator[Problem]:
    default = Thresholds()
    values = [(name, float(given.get(name, getattr(default, name)))) for name in _THRESHOLDS]
    for (upper, high), (lower, low) in pairwise(values):
        if low > high:
            field = lower if lower in given else upper
            unsaid = [
                f"{name} is {getattr(default, name):g} unless set" for name in (upper, lower) if name not in given
            ]
            yield document.problem(
                f"confidence_thresholds.{field}",
                f"{lower} ({low:g}) is above {upper} ({high:g})",
                "; ".join(["they must descend: auto_execute, execute_and_flag, pause_and_ask", *unsaid]),
            )


def _list_problems(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    old = [name for name in _OLD_LISTS if name in data]
    if old and "authority" in data:
        yield document.problem(old[0], f"{old[0]} and authority say the same thing twice", f"remove {old[0]}")
        return
    entries = list(authority_entries(data))
    for index, (where, kind, rule) in enumerate(entries):
        for earlier_where, earlier_kind, earlier in entries[:index]:
            if rule.action is not earlier.action:
                continue
            if kind != earlier_kind and (clash := _clash(rule, earlier)) is not None:
                there = document.place(earlier_where)[0]
                yield document.problem(
                    where,
                    f"{rule.action} stands in {earlier_kind} too (line {there}){clash}",
                    "an action is in one list only, or its patterns must not overlap; one without a slash holds at any "
                    "depth (./README.md is the one in the root)",
                )
            elif kind == earlier_kind and not (rule.patterns and earlier.patterns):
                yield document.problem(where, f"{rule.action} stands twice in {kind}", "one entry is enough")


def _clash(first: AuthorityRule, second: AuthorityRule) -> str | None:
    """Why two entries can hold for the same thing, None when they cannot."""
    if not first.patterns or not second.patterns:
        return ""
    for one, two in product(first.patterns, second.patterns):
        if overlap(one, two) or (first.action not in _COMMANDS and _share_a_path(one, two)):
            return f", and {one!r} and {two!r} can be the same thing"
    return None


def _share_a_path(one: str, two: str) -> bool:
    """Whether some path could fall under both globs. Errs towards yes."""
    return any(overlap(first, second) for first, second in product(_spelled_out(one), _spelled_out(two)))


def _spelled_out(pattern: str) -> tuple[str, ...]:
    """A glob with what it implies: any depth when it has no slash, and all that is below a folder."""
    base = pattern if "/" in pattern.rstrip("/") else f"**/{pattern}"
    forms = {pattern, base} if base == pattern else {pattern, base, f"**{pattern}"}
    return tuple(form for each in forms for form in (each, f"{each.rstrip('/')}/**"))


def _pattern_problems(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Globs that can never match, told where they stand."""
    scope = data.get("scope", ["**"])
    for index, pattern in enumerate(scope):
        if dead := _dead(pattern, reachable=True):
            yield document.problem(f"scope[{index}]", *dead)
    for where, kind, rule in authority_entries(data):
        if rule.action in _COMMANDS:
            continue
        for index, pattern in enumerate(rule.patterns):
            if rule.action in _EITHER and " " in pattern.strip():
                continue
            dead = _dead(pattern, reachable=kind != "forbidden")
            if dead is None and kind != "forbidden" and not reaches_scope(rule.action, pattern, scope):
                shown = visible(", ".join(scope))
                message = f"the pattern {pattern!r} can never match: it is outside the scope"
                dead = message, f"the role may change only {shown}"
            if dead is None and not (rule.action in _EITHER and "/" not in pattern):
                dead = _other(rule.action, pattern)
            if dead:
                yield document.problem(f"{where}.{rule.action}[{index}]", *dead)


def _other(action: ActionClass, pattern: str) -> tuple[str, str] | None:
    falls = other_class(action, pattern, _share_a_path)
    if falls is None:
        return None
    message = f"the pattern {pattern!r} can never match: what it names is {falls}, never {action}"
    return message, f"write it under {falls}, or leave it out"


def reaches_scope(action: ActionClass, pattern: str, scope: Sequence[str]) -> bool:
    """Whether something that an entry's pattern allows can lie in the scope; true for what is no path to write."""
    if action not in _WRITES or (action in _EITHER and ("/" not in pattern or " " in pattern)):
        return True
    return any(_share_a_path(pattern, glob) for glob in scope)


def _dead(pattern: str, *, reachable: bool) -> tuple[str, str] | None:
    """Why no path of a workspace can ever match the glob and what to do, None when one can. `reachable`: what is out of
    reach for every role counts as never, too."""
    never = f"the pattern {pattern!r} can never match"
    parts = pattern.removeprefix("./").split("/")
    if pattern != pattern.strip() or not pattern.isprintable():
        return f"{never}: it has spaces or invisible characters at its ends or in it", "write it without them"
    if "\\" in pattern:
        return f"{never}: it has a backslash in it", f"write {pattern.replace(chr(92), '/')!r}"
    if pattern.startswith(("/", "~")) or re.match(r"[A-Za-z]:", pattern):
        relative = pattern.lstrip("/~")
        hint = f"patterns begin in the workspace: {relative if '/' in relative else './' + relative!r}"
        return f"{never}: it is absolute", hint if pattern.startswith(
            "/"
        ) and relative else "name a path in the workspace"
    if ".." in parts:
        return f"{never}: nothing outside the workspace is in reach", "write it from the root of the workspace"
    if "." in parts or "" in parts[:-1]:
        clean = "/".join(part for part in parts if part not in (".", ""))
        return f"{never}: no path has an empty or a '.' part", f"write {clean!r}"
    if reachable and any(part.casefold() in _OUT_OF_REACH for part in parts):
        return f"{never}: .git and .orion are out of reach for every role", "remove it"
    return None
