"""The demonstration, whole: from a goal to the promoted commit, in a real sandbox and a real repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orion_tui.demo.stage import PIN, set_stage
from tests.support.cli import Orion


@pytest.fixture
def orion(home: Path, tmp_path: Path) -> Orion:
    return Orion(home, tmp_path)


@pytest.mark.sandbox
@pytest.mark.e2e
@pytest.mark.mock_llm
def test_the_demonstration_ends_with_one_promoted_commit(orion: Orion, tmp_path: Path, git: Callable[..., str]) -> None:
    ran = orion("demo", "--headless", "--json", "--dir", str(tmp_path / "demo"), timeout=280)
    assert ran.code == 0, ran.err
    lines = ran.lines
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    states = {line["task"]: line["state"] for line in lines if line["kind"] == "task_ended"}
    assert states.pop("bump-version") == "blocked"
    assert set(states.values()) == {"kept"}
    assert len(states) == 5
    (thrown_out,) = (line for line in lines if line["kind"] == "task_ended" and line["state"] == "blocked")
    assert thrown_out["path"] == ".github/workflows/ci.yml"
    assert "ci.change" in thrown_out["rule"]
    parked = [line["approval"]["action"] for line in lines if line["kind"] == "parked"]
    assert parked == ["deps.change"]
    assert all(line["passed"] for line in lines if line["kind"] == "check" and line["task"] in states)
    assert lines[-1]["kind"] == "promoted"

    workspace = tmp_path / "demo" / "tally"
    commit = lines[-1]["commit"]
    assert git(workspace, "rev-parse", "HEAD") == commit
    assert git(workspace, "rev-list", "--count", "HEAD") == "2"
    changed = git(workspace, "show", "--name-only", "--format=", commit).splitlines()
    assert changed == ["CHANGELOG.md", "README.md", "pyproject.toml", "tally/split.py", "tests/test_split.py"]
    assert git(workspace, "status", "--porcelain") == ""
    assert not orion.home.exists()


@pytest.mark.sandbox
@pytest.mark.e2e
@pytest.mark.mock_llm
def test_for_a_person_it_says_what_is_recorded_what_waits_and_what_was_thrown_out(orion: Orion, tmp_path: Path) -> None:
    ran = orion("demo", "--dir", str(tmp_path / "demo"), timeout=280)
    assert ran.code == 0, ran.err
    for words in ("a recording written by hand", PIN, "deps.change", "AEGIS threw out", "Promoted: 5 files", "rm -r "):
        assert words in ran.out


def test_the_sample_is_a_clean_repository_whose_tests_fail(tmp_path: Path, git: Callable[..., str]) -> None:
    stage = set_stage(tmp_path / "demo")
    assert git(stage.workspace, "status", "--porcelain") == ""
    assert "scripts/bump_version.py" in git(stage.workspace, "ls-files", "-s", "scripts").replace("100755", "")
    assert git(stage.workspace, "ls-files", "-s", "scripts/bump_version.py").startswith("100755")
    assert stage.home.stat().st_mode & 0o777 == 0o700


def test_the_demonstration_overwrites_nothing(orion: Orion, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    ran = orion("demo", "--headless", "--dir", str(tmp_path / "mine"))
    assert ran.code == 2
    assert "not empty" in ran.err


def test_the_recording_says_that_a_hand_wrote_it() -> None:
    recording = Path(__file__).parent.parent / "orion_tui" / "demo" / "recording.jsonl"
    header = json.loads(recording.read_text().splitlines()[0])
    assert "by hand" in header["about"]
