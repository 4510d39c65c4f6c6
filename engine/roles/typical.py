"""Typical actions to try a role on: what agents do every night, and what they must not do. The gate is asked, nothing
else decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.governance.gate import decide_action
from engine.vocabulary.actions import (
    ActionClass,
    DeleteFile,
    EditFile,
    ReadFile,
    RequestAction,
    RunCommand,
    WriteFile,
)
from engine.vocabulary.role_forms import Trial

if TYPE_CHECKING:
    from engine.vocabulary.actions import Action
    from engine.vocabulary.roles import Role

# From harmless to grave. The six scenarios of the set-up are among them.
_TYPICAL: tuple[tuple[str, Action], ...] = (
    ("read src/app.py", ReadFile("src/app.py")),
    ("change src/app.py", EditFile("src/app.py", "a", "b")),
    ("add tests/test_app.py", WriteFile("tests/test_app.py", "")),
    ("change docs/guide.md", EditFile("docs/guide.md", "a", "b")),
    ("change README.md", EditFile("README.md", "a", "b")),
    ("change settings/app.ini", EditFile("settings/app.ini", "a", "b")),
    ("run pytest", RunCommand("pytest -q")),
    ("run npm test", RunCommand("npm test")),
    ("run ruff check .", RunCommand("ruff check .")),
    ("run make build", RunCommand("make build")),
    ("run git commit", RunCommand("git commit -am 'work in progress'")),
    ("delete src/old.py", DeleteFile("src/old.py")),
    ("add a dependency", EditFile("pyproject.toml", "a", "b")),
    ("run pip install", RunCommand("pip install requests")),
    ("add a migration", WriteFile("migrations/0002_users.sql", "")),
    ("fetch a URL", RunCommand("curl -fsS https://example.org/data.json")),
    ("change Dockerfile", EditFile("Dockerfile", "a", "b")),
    ("change a CI workflow", EditFile(".github/workflows/ci.yml", "a", "b")),
    ("merge into main", RunCommand("git checkout main && git merge work")),
    ("push", RunCommand("git push origin main")),
    ("read .env", ReadFile(".env")),
    ("deploy", RunCommand("kubectl apply -f k8s/")),
    ("delete the repository", RequestAction(ActionClass.REPO_DELETE, "delete the repository")),
    ("change Orion's rules", WriteFile(".orion/roles/mine.yaml", "")),
    ("write outside", WriteFile("../elsewhere.txt", "")),
)


# What a new person is shown of their role: allowed, allowed, asked, asked, and twice never (SPEC, set-up).
_SCENARIOS = (
    "change src/app.py",
    "run pytest",
    "add a dependency",
    "merge into main",
    "deploy",
    "change Orion's rules",
)


def scenarios_of(role: Role) -> tuple[Trial, ...]:
    """The six scenarios of the set-up with what the gate says to each, in their order."""
    actions = dict(_TYPICAL)
    return tuple(Trial(label, decide_action(role, actions[label], 1.0)) for label in _SCENARIOS)


def trials_of(role: Role, confidence: float = 1.0) -> tuple[Trial, ...]:
    """What the gate says to each typical action, asked with this confidence in 0..1."""
    return tuple(Trial(label, decide_action(role, action, confidence)) for label, action in _TYPICAL)
