"""`orion why`: every verdict of a log is explained down to the line of the role's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.governance.gate import decide_action
from engine.roles.explaining import ground_of, remedies
from engine.roles.profile import parse_role, parse_role_document
from engine.vocabulary.actions import Action, ActionClass, DeleteFile, ReadFile, RequestAction, RunCommand, WriteFile
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import Explanation
from engine.vocabulary.verdicts import Decision
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

ROLE = """name: owl
display_name: Owl
description: Works at night
competencies: [everything]
scope: ["src/**", "*.md"]
authority:
  autonomous:
    - code.read
    - code.write
    # Words.
    - docs.write: ["*.md"]
    - command.run
  requires_approval:
    - deps.change
    - file.delete
  forbidden:
    - deploy
write_limits: {file_lines: 10}
confidence_thresholds: {execute_and_flag: 0.6}
"""
PATH = Path("/home/of/roles/owl.yaml")


@pytest.mark.parametrize(
    ("action", "confidence", "field", "line", "told"),
    [
        (ReadFile("README.md"), 1.0, "authority.autonomous[0]", 8, "nothing was held up"),
        (WriteFile("README.md", ""), 1.0, "authority.autonomous[2]", 11, "nothing was held up"),
        (
            DeleteFile("src/a.py"),
            1.0,
            "authority.requires_approval[1]",
            15,
            "requires_approval --remove file.delete; then",
        ),
        (RequestAction(ActionClass.DEPLOY, ""), 1.0, "authority.forbidden[0]", 17, "an approval cannot lift it"),
        (WriteFile("lib/a.py", ""), 1.0, "scope", 5, "add a pattern that covers 'lib/a.py'"),
        (WriteFile("src/test_a.py", ""), 1.0, "authority", 6, "authority.autonomous --add tests.write"),
        (WriteFile("src/a.py", "x\n" * 11), 1.0, "write_limits.file_lines", 18, "raise file_lines"),
        (WriteFile("src/a.py", "x" * 11_000_000), 1.0, "write_limits.file_bytes", None, "ceiling for every role"),
        (WriteFile("src/a.py", ""), 0.55, "confidence_thresholds.execute_and_flag", 19, "lower execute_and_flag"),
        (WriteFile("src/a.py", ""), 0.2, "confidence_thresholds.pause_and_ask", None, "lower pause_and_ask"),
        (WriteFile("src/a.py", ""), 0.8, "confidence_thresholds.auto_execute", None, "marked for your review"),
        (ReadFile("../secret"), 1.0, None, None, "nothing: this holds for every role"),
        (RunCommand("eval $x"), 1.0, None, None, "without your yes"),
    ],
)
def test_each_layer_names_its_line_and_what_would_have_to_change(
    action: Action, confidence: float, field: str | None, line: int | None, told: str
) -> None:
    verdict = decide_action(parse_role(ROLE, PATH), action, confidence)
    ground = ground_of(verdict, parse_role_document(ROLE, PATH), ROLE)
    assert (ground.field if ground else None, ground.line if ground else None) == (field, line)
    if ground is not None and line is not None:
        assert ground.text == ROLE.splitlines()[line - 1].strip()
    assert told in " ".join(remedies(verdict, "owl", ground))


def test_an_entry_that_the_file_has_no_more_has_no_line() -> None:
    verdict = decide_action(parse_role(ROLE, PATH), RequestAction(ActionClass.DEPLOY, ""))
    later = ROLE.replace("- deploy", "- repo.delete")
    assert ground_of(verdict, parse_role_document(later, PATH), later) is None
    assert ground_of(replace(verdict, rule="made up"), parse_role_document(ROLE, PATH), ROLE) is None


@pytest.fixture
def mixed(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> tuple[Engine, str]:
    """A session with a task of each fate."""
    (home / "roles" / "owl.yaml").write_text(ROLE)
    file = playbook(
        tmp_path,
        {"id": "kept", "steps": [{"run": "echo '# x' > NOTES.md"}]},
        {"id": "parked", "steps": [{"delete": {"path": "src/app.py"}}]},
        {"id": "blocked", "steps": [{"run": "mkdir -p lib; echo 1 > lib/x.py"}]},
        {"id": "flagged", "confidence": 0.8, "steps": [{"run": "echo '# y' > MORE.md"}]},
    )
    return engine, worked(engine, repository, file, role="owl").id


def explained(engine: Engine, session: str, kind: EventKind, task: str) -> tuple[Explanation, ...]:
    event = next(
        event
        for event in engine.sessions.events(session)
        if event.kind is kind and task in (event.data.get("task"), event.data.get("approval", {}).get("task"))
    )
    return engine.sessions.explain(session, event.seq)


@pytest.mark.sandbox
@pytest.mark.e2e
def test_every_gate_event_of_a_session_and_what_it_led_to_is_explained(mixed: tuple[Engine, str], home: Path) -> None:
    engine, session = mixed
    for event in engine.sessions.events(session):
        if event.kind in (EventKind.GATE, EventKind.PLAN_MADE, EventKind.PARKED):
            for one in engine.sessions.explain(session, event.seq):
                assert one.remedies
                assert not one.role_changed
    (parked,) = explained(engine, session, EventKind.PARKED, "parked")
    assert parked.ground is not None
    assert (parked.ground.path, parked.ground.line) == (str(home / "roles" / "owl.yaml"), 15)
    assert f"orion approve {engine.approvals.list(session)[0].id}" in parked.remedies[0]
    (blocked,) = explained(engine, session, EventKind.TASK_ENDED, "blocked")
    assert (blocked.verdict.decision, blocked.verdict.rule, blocked.phase) == (Decision.BLOCK, "scope", "action")
    assert {one.verdict.flagged for one in explained(engine, session, EventKind.TASK_ENDED, "flagged")} == {True}
    plan = engine.sessions.explain(session, 2)
    assert {one.task: one.verdict.decision.value for one in plan} == {
        "kept": "allow",
        "parked": "park",
        "blocked": "block",
        "flagged": "allow",
    }
    assert plan[0].task == "blocked"
    with pytest.raises(UsageError) as caught:
        engine.sessions.explain(session, 1)
    assert "2" in caught.value.hint
    with pytest.raises(UsageError, match="no event 9999"):
        engine.sessions.explain(session, 9999)


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_role_that_changed_or_went_since_is_said_so(mixed: tuple[Engine, str], home: Path) -> None:
    engine, session = mixed
    engine.auth.set_pin(PIN)
    engine.roles.edit("owl", "risk_tolerance", "low", secret=PIN)
    (parked,) = explained(engine, session, EventKind.PARKED, "parked")
    assert parked.role_changed
    assert parked.ground is not None
    engine.roles.delete("owl", secret=PIN)
    (parked,) = explained(engine, session, EventKind.PARKED, "parked")
    assert (parked.role_changed, parked.ground) == (True, None)


@pytest.mark.sandbox
@pytest.mark.e2e
def test_why_from_the_command_line(mixed: tuple[Engine, str], home: Path, repository: Path) -> None:
    engine, session = mixed
    engine.close()
    orion = Orion(home, repository)
    number = next(line.split()[0] for line in orion("log").out.splitlines() if " parked " in line)
    told = orion("why", number)
    assert told.code == 0, told.err
    assert "owl.yaml:15, authority.requires_approval[1]: - file.delete" in told.out
    row = orion("why", f"{session[:6]}:{number}", "--json").json
    assert {"decision", "layer", "rule", "message", "ground", "remedies", "verdicts"} <= set(row)
    assert (row["decision"], row["layer"], row["ground"]["line"]) == ("park", "authority", 15)
    for wrong in ("1", "9999", "x", "", f"{session}:", "nothing:3", "1.5"):
        assert orion("why", wrong).code == 2, wrong
    build(home).close()
