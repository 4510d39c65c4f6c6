"""What the stand-ins for the engine agree on: the hour, the folder, the PIN, a role, a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.roles import Authority, AuthorityRule, Role
from engine.vocabulary.verdicts import Decision, Layer, Verdict

NOW = datetime(2026, 1, 6, 7, 12, tzinfo=UTC)
"""The moment at which the pictures are taken."""
EVENING = datetime(2026, 1, 6, 0, 32, tzinfo=UTC)
WORKSPACE = Path("/home/ada/shop")
PIN = "428613"


def role_named(name: str) -> Role:
    return Role(
        name,
        name.replace("-", " ").title(),
        "Writes and tests code",
        ("python",),
        Authority(
            (AuthorityRule(ActionClass.CODE_WRITE), AuthorityRule(ActionClass.TESTS_RUN)),
            (AuthorityRule(ActionClass.DEPS_CHANGE),),
            (AuthorityRule(ActionClass.DEPLOY),),
        ),
    )


def verdict(decision: Decision = Decision.ALLOW, action: ActionClass = ActionClass.CODE_WRITE, **more: Any) -> Verdict:
    message = {
        "allow": "the role may do this by itself",
        "park": "a person decides this",
        "block": "the role forbids it",
    }
    return Verdict(decision, Layer.AUTHORITY, action.value, message[decision.value], action, **more)
