"""A role file becomes a `Role`: the schema first, then the rules that a schema cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document, read_bytes, shipped_schema
from engine.roles.rules import LISTS, authority_entries, problems_of
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import Problem, RoleError
from engine.vocabulary.roles import (
    Authority,
    AuthorityRule,
    Criterion,
    RiskTolerance,
    Role,
    RoleSource,
    Setup,
    Thresholds,
    WorkingHours,
    WriteLimits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_role(path: Path, source: RoleSource = RoleSource.USER) -> Role:
    """The role in the file; one of a project is not trusted. Raises RoleError with every problem's place."""
    trusted = source is not RoleSource.PROJECT
    return parse_role(read_bytes(path, error=RoleError), path, source, trusted=trusted)


def parse_role(content: str | bytes, path: Path, source: RoleSource = RoleSource.USER, *, trusted: bool = True) -> Role:
    """The same from what a file holds, or would hold; `path` gives the name that it must have."""
    # A starter is a part of Orion, and its tests hold it to the schema: to load the validator takes 0.1 s and 4 MB.
    document = _document(content, path, None if source is RoleSource.STARTER else shipped_schema("role"))
    return _role(document.data, path, source, trusted)


def parse_role_document(content: str | bytes, path: Path) -> Document:
    """The checked document of a role, with the place of each field. Raises RoleError with every problem's place."""
    return _document(content, path, shipped_schema("role"))


def _document(content: str | bytes, path: Path, schema: Mapping[str, Any] | None) -> Document:
    document = parse_document(content, str(path), schema, error=RoleError)
    problems = tuple(problems_of(document, path))
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


def _role(data: Mapping[str, Any], path: Path, source: RoleSource, trusted: bool) -> Role:
    rules: dict[str, list[AuthorityRule]] = {name: [] for name in LISTS}
    for _, name, rule in authority_entries(data):
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
        authority=Authority(*(tuple(rules[name]) for name in LISTS)),
        scope=tuple(data.get("scope", ("**",))),
        confidence_thresholds=Thresholds(**{k: float(v) for k, v in data.get("confidence_thresholds", {}).items()}),
        risk_tolerance=RiskTolerance(data.get("risk_tolerance", "medium")),
        auth_method=data.get("auth_method", "pin"),
        success_criteria=tuple(_criterion(item) for item in data.get("success_criteria", ())),
        write_limits=WriteLimits(**data.get("write_limits", {})),
        working_hours=WorkingHours(tuple(hours["days"]), hours["from"], hours["to"]) if hours else None,
        setup=_setup(data["setup"]) if "setup" in data else None,
        notifications={event: tuple(channels) for event, channels in data.get("notifications", {}).items()},
        replan_every=data.get("replan_every", 5),
        model=data.get("model", ""),
        fallback_model=data.get("fallback_model", ""),
        source=source,
        path=str(path),
        trusted=trusted,
        notices=notices,
    )


def _setup(data: Mapping[str, Any]) -> Setup:
    return Setup(
        tuple(data["commands"]),
        tuple(data.get("files", ())),
        dict(data.get("environment", {})),
        float(data.get("timeout_s", Setup(()).timeout_s)),
    )


def _criterion(item: str | Mapping[str, str]) -> Criterion:
    return Criterion(item) if isinstance(item, str) else Criterion(item["text"], item.get("command"))
