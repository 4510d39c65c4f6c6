"""`orion work` and what follows it, as a script sees it: lines, exit codes, signals, and the way to the commit."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Orion, Ran

pytestmark = pytest.mark.sandbox

PIN = "271845"
REPAIR = """
name: repair
goal: Repair the sum
tasks:
  - id: fix
    title: Add instead of subtract
    steps:
      - edit: {path: src/app.py, find: "a - b", replace: "a + b"}
    checks:
      - run: "python3 -m unittest"
  - id: note
    title: Say so
    depends_on: [fix]
    steps:
      - write: {path: docs/NOTE.md, content: "The sum is a sum.\\n"}
"""


def playbook(folder: Path, text: str) -> str:
    path = folder / "playbook.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def one_task(step: str, extra: str = "") -> str:
    return f"name: one\ngoal: One thing\ntasks:\n  - id: only\n    title: Only\n    steps:\n      - {step}\n{extra}"


@pytest.fixture
def orion(home: Path, repository: Path) -> Orion:
    return Orion(home, repository)


@pytest.fixture
def worked(orion: Orion, tmp_path: Path) -> Ran:
    return orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--json")


def session_of(ran: Ran) -> str:
    session: str = ran.lines[0]["session"]
    return session


def test_a_playbook_runs_to_its_end_and_every_event_is_a_line(worked: Ran) -> None:
    assert worked.code == 0, worked.err
    lines = worked.lines
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    kinds = {line["kind"] for line in lines}
    assert {
        "session_started",
        "plan_made",
        "task_started",
        "gate",
        "action",
        "check",
        "checkpoint",
        "task_ended",
    } <= kinds
    last = lines[-1]
    assert last["kind"] == "session_ended"
    assert last["state"] == "awaiting_review"
    assert last["tasks"]["total"] == 2
    assert last["tasks"]["kept"] == 2
    assert last["cost_usd"] == 0


def test_for_a_person_the_lines_are_words(orion: Orion, tmp_path: Path) -> None:
    ran = orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes")
    assert ran.code == 0, ran.err
    assert "✓ check      python3 -m unittest  passed" in ran.out
    assert "✓ kept       fix, verified" in ran.out
    assert "orion review" in ran.out


def test_without_a_terminal_and_without_yes_nothing_is_started(orion: Orion, tmp_path: Path) -> None:
    ran = orion("work", "--playbook", playbook(tmp_path, REPAIR))
    assert ran.code == 2
    assert "--yes" in ran.err
    assert orion("sessions", "--json").json == []


def test_a_dirty_work_tree_is_told_and_not_seen(orion: Orion, repository: Path, tmp_path: Path) -> None:
    (repository / "README.md").write_text("changed, not committed\n")
    ran = orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--json")
    assert ran.code == 0
    assert "uncommitted" in ran.err
    assert (repository / "README.md").read_text() == "changed, not committed\n"


def test_everything_left_parked_ends_with_4_and_goes_on_once_approved(orion: Orion, tmp_path: Path) -> None:
    step = 'write: {path: requirements.txt, content: "babel>=2.15\\n"}'
    ran = orion("work", "--playbook", playbook(tmp_path, one_task(step)), "--yes", "--json")
    assert ran.code == 4, ran.err
    (asked,) = orion("approvals", "--json").json
    assert asked["action"] == "deps.change"
    assert asked["session"] == session_of(ran)
    assert asked["proposed"] == ["write requirements.txt", "+ babel>=2.15"]
    said = orion("approve", asked["id"])
    assert said.code == 0
    assert f"orion resume {asked['session']}" in said.out
    assert orion("approvals", "--json").json == []
    resumed = orion("resume", asked["session"], "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.lines[-1]["tasks"]["kept"] == 1
    assert resumed.lines[0]["seq"] > ran.lines[-1]["seq"]


def test_a_denial_ends_the_task_with_its_reason(orion: Orion, tmp_path: Path) -> None:
    step = 'write: {path: requirements.txt, content: "babel>=2.15\\n"}'
    ran = orion("work", "--playbook", playbook(tmp_path, one_task(step)), "--yes", "--json")
    (asked,) = orion("approvals", "--json").json
    assert orion("deny", asked["id"], "--reason", "no new dependencies").code == 0
    (task,) = orion("status", session_of(ran), "--json").json["tasks"]
    assert task["state"] == "denied"
    assert task["reason"] == "no new dependencies"


def test_a_failed_session_ends_with_5(orion: Orion, tmp_path: Path) -> None:
    text = one_task("run: 'true'", "    checks:\n      - run: 'exit 1'\n")
    ran = orion("work", "--playbook", playbook(tmp_path, text), "--yes", "--json")
    assert ran.code == 5
    assert ran.lines[-1]["state"] == "failed"
    (task,) = orion("status", "--json").json["tasks"]
    assert task["verified"] is False


def test_a_time_limit_ends_with_3_and_leaves_the_session_paused(orion: Orion, tmp_path: Path) -> None:
    text = one_task("run: 'sleep 1'") + "  - id: next\n    title: Next\n    steps:\n      - run: 'true'\n"
    ran = orion("work", "--playbook", playbook(tmp_path, text), "--yes", "--json", "--time-limit", "0.5s")
    assert ran.code == 3, ran.err
    assert ran.lines[-1]["state"] == "paused"
    assert ran.lines[-1]["reason"] == "time_limit"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\ngoal: y\ntasks:\n  - id: a\n    title: A\n    stepz: []\n", ("stepz", "steps")),
        (
            "name: x\ngoal: y\ntasks:\n  - id: a\n    title: A\n    depends_on: [a]\n    steps: [{run: 'true'}]\n",
            ("a",),
        ),
    ],
)
def test_a_broken_playbook_is_named_with_line_and_field(
    orion: Orion, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    ran = orion("work", "--playbook", playbook(tmp_path, text), "--yes", "--json")
    assert ran.code == 2
    assert ran.out == ""
    assert "playbook.yaml: line " in ran.err
    assert all(word in ran.err for word in words)


def test_a_missing_playbook_an_unknown_role_and_no_repository_end_with_2(orion: Orion, tmp_path: Path) -> None:
    good = playbook(tmp_path, REPAIR)
    assert orion("work", "--playbook", "nowhere.yaml", "--yes").code == 2
    ran = orion("work", "--playbook", good, "--role", "software-enginer", "--yes")
    assert ran.code == 2
    assert "software-engineer" in ran.err
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = orion("work", "--playbook", good, "--workspace", str(empty), "--yes")
    assert ran.code == 2
    assert "repository" in ran.err
    assert orion("work", "--yes").code == 2


def test_a_plan_can_be_edited_by_hand_and_worked_on(orion: Orion, tmp_path: Path) -> None:
    planned = orion("plan", "--playbook", playbook(tmp_path, REPAIR), "--json")
    assert planned.code == 0, planned.err
    plan = planned.json
    first = plan["tasks"][0]
    assert {"id", "title", "depends_on", "action", "verdict", "layer", "rule", "estimate_s"} <= set(first)
    assert first["verdict"] == "allow"
    assert plan["stripped"] == []
    plan["tasks"] = plan["tasks"][:1]
    edited = tmp_path / "plan.json"
    edited.write_text(json.dumps(plan))
    ran = orion("work", "--plan", str(edited), "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.lines[-1]["tasks"]["total"] == 1


def started(orion: Orion, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        orion.command(*arguments),
        cwd=orion.folder,
        env=orion.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["kind"] == kind:
            return event
    raise AssertionError(f"no {kind} came: {process.stderr.read() if process.stderr else ''}")


def test_ctrl_c_pauses_the_session_first_and_ends_with_130(orion: Orion, tmp_path: Path) -> None:
    text = one_task("run: 'sleep 2'") + "  - id: next\n    title: Next\n    steps:\n      - run: 'true'\n"
    with started(orion, "work", "--playbook", playbook(tmp_path, text), "--yes", "--json") as process:
        session = read_until(process, "action_started")["session"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"orion resume {session}" in err
    state = orion("status", session, "--json").json
    assert state["state"] == "paused"
    assert state["runner"]["alive"] is False


def test_a_killed_session_shows_as_interrupted_and_is_resumed_from_its_last_kept_task(
    orion: Orion, tmp_path: Path
) -> None:
    text = REPAIR.replace(
        "- write: {path: docs/NOTE.md", "- run: 'test -e once || sleep 60'\n      - write: {path: docs/NOTE.md"
    )
    with started(orion, "work", "--playbook", playbook(tmp_path, text), "--yes", "--json") as process:
        session = read_until(process, "checkpoint")["session"]
        while read_until(process, "action_started")["task"] != "note":
            pass
        process.kill()
    assert orion("sessions", "--json").json[0]["state"] == "interrupted"
    status = orion("status", session, "--json").json
    assert status["counts"]["kept"] == 1
    assert status["runner"]["alive"] is False
    with started(orion, "resume", session, "--json") as process:
        assert read_until(process, "session_started")["resumed"] is True
        assert read_until(process, "task_started")["task"] == "note"
        assert read_until(process, "action_started")["task"] == "note"
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Ctrl-C again" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert orion("status", session, "--json").json["state"] == "interrupted"


def test_a_sandbox_that_cannot_be_had_ends_with_6_and_says_what_to_do(orion: Orion, tmp_path: Path) -> None:
    ran = orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--json", "--sandbox", "docker")
    assert ran.code == 6, ran.err
    assert ran.out == ""
    assert "docker" in ran.err.lower()


@pytest.mark.parametrize("how", ["hang_up", "closed_pipe"])
def test_work_goes_on_when_its_terminal_or_reader_is_lost(orion: Orion, tmp_path: Path, how: str) -> None:
    with started(orion, "work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--json") as process:
        session = read_until(process, "session_started")["session"]
        if how == "hang_up":
            process.send_signal(signal.SIGHUP)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=120) == 0
    state = orion("status", session, "--json").json
    assert state["state"] == "awaiting_review"
    assert state["counts"]["kept"] == 2


def test_a_reader_that_has_seen_enough_is_no_error(orion: Orion, worked: Ran) -> None:
    with started(orion, "log", session_of(worked), "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


def test_a_detached_session_is_followed_from_elsewhere(orion: Orion, tmp_path: Path) -> None:
    ran = orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--detach", "--json")
    assert ran.code == 0, ran.err
    log = orion("log", ran.json["session"], "--follow", "--json")
    assert log.code == 0
    assert log.lines[-1]["kind"] == "session_ended"
    assert log.lines[-1]["tasks"]["kept"] == 2


def test_status_review_diff_and_checkpoints_have_their_shapes(orion: Orion, worked: Ran) -> None:
    session = session_of(worked)
    (row,) = orion("sessions", "--json").json
    assert {"id", "goal", "role", "workspace", "state", "started_at", "ended_at", "cost_usd"} <= set(row)
    status = orion("status", "--json").json
    assert status["id"] == session
    assert {"tasks", "budgets", "sandbox", "approvals", "runner"} <= set(status)
    assert status["sandbox"] == "bubblewrap"
    first, *_ = orion("checkpoints", session[:6], "--json").json
    assert {"id", "commit", "task", "at"} <= set(first)
    diff = {entry["path"]: entry for entry in orion("diff", session, "--json").json}
    assert set(diff) == {"src/app.py", "docs/NOTE.md"}
    assert diff["docs/NOTE.md"]["status"] == "added"
    review = orion("review", session, "--json").json
    assert review["can_promote"] is True
    assert {"state", "findings", "conflicts", "hand_off", "hunks"} <= set(review)
    assert orion("log", session, "--json").lines == worked.lines


def test_the_patch_of_diff_is_what_git_applies(
    orion: Orion, worked: Ran, repository: Path, git: Callable[..., str], tmp_path: Path
) -> None:
    patch = tmp_path / "session.patch"
    patch.write_text(orion("diff", session_of(worked)).out)
    git(repository, "apply", "--check", str(patch))


def test_a_rollback_makes_later_tasks_pending_again(orion: Orion, worked: Ran) -> None:
    session = session_of(worked)
    ran = orion("rollback", session, "1", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["state"] == "paused"
    assert orion("status", session, "--json").json["counts"]["kept"] == 1
    assert orion("rollback", session, "9").code == 2


def test_promotion_needs_the_pin_and_can_be_undone(
    orion: Orion, worked: Ran, repository: Path, git: Callable[..., str]
) -> None:
    session = session_of(worked)
    assert orion("promote", session, "--pin-stdin", given=PIN).code == 7
    assert orion("auth", "set", "--new-pin-stdin", given=PIN).code == 0
    assert orion("promote", session).code == 2
    head = git(repository, "rev-parse", "HEAD")
    assert orion("promote", session, "--pin-stdin", given="112299\n").code == 7
    assert git(repository, "rev-parse", "HEAD") == head
    ran = orion("promote", session, "--only", "src/app.py", "--pin-stdin", "--json", given=PIN)
    assert ran.code == 0, ran.err
    answer = ran.json
    assert {"promoted", "files", "pre_tag", "post_tag", "commit"} <= set(answer)
    assert answer["promoted"] is True
    assert answer["files"] == 1
    assert git(repository, "rev-parse", "HEAD") == answer["commit"]
    assert git(repository, "rev-parse", "HEAD^") == head
    assert not (repository / "docs").exists()
    undone = orion("undo-promote", session, "--pin-stdin", "--json", given=PIN)
    assert undone.code == 0, undone.err
    assert "a - b" in (repository / "src/app.py").read_text()


def test_a_blocked_promotion_ends_with_8_and_says_why(orion: Orion, worked: Ran, repository: Path) -> None:
    (repository / "src/app.py").write_text("def add(a, b):\n    return a * b\n")
    assert orion("auth", "set", "--new-pin-stdin", given=PIN).code == 0
    ran = orion("promote", session_of(worked), "--pin-stdin", "--json", given=PIN)
    assert ran.code == 8
    assert ran.json["promoted"] is False
    assert [conflict["path"] for conflict in ran.json["conflicts"]] == ["src/app.py"]
    assert "a * b" in (repository / "src/app.py").read_text()


def test_a_rejected_session_says_so_and_is_not_promoted(orion: Orion, worked: Ran) -> None:
    session = session_of(worked)
    ran = orion("reject", session, "--reason", "another way", "--json")
    assert ran.code == 0
    assert ran.json["state"] == "rejected"
    assert orion("auth", "set", "--new-pin-stdin", given=PIN).code == 0
    assert orion("promote", session, "--pin-stdin", given=PIN).code == 2
