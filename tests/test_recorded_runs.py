"""Recording is a wrapper: whatever stands below it, each run is told once, and nothing else changes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.session.recorded_runs import RecordedRun, RecordingSandbox
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome
from tests.support.memory_sandbox import MemoryProvider
from tests.support.sandboxes import Box, a_box
from tests.support.sessions import playbook, worked


def test_every_end_is_recorded_and_handed_on_unchanged() -> None:
    runs: list[RecordedRun] = []
    seen: list[bytes] = []
    stopped = threading.Event()
    stopped.set()
    with a_box(MemoryProvider()) as plain:
        box = Box(RecordingSandbox(plain.sandbox, runs.append), plain.tree)
        said = box.run("echo $A; exit 3", environment=[("A", "canary")], on_output=seen.append)
        assert (said.outcome, said.exit, said.output, b"".join(seen)) == (Outcome.FAILED, 3, b"canary\n", b"canary\n")
        box.run("sleep 100", timeout_s=0.2)
        box.run("true", stop=stopped)
        box.run("frobnicate")
        with pytest.raises(SandboxUnavailable):
            box.run("true", tree=plain.tree / "nowhere")
        assert box.sandbox.describe() == plain.sandbox.describe()
        box.sandbox.close()
        with pytest.raises(SandboxUnavailable, match="closed"):
            plain.run("true")
    assert [run.outcome for run in runs] == ["failed", "timed_out", "stopped", "not_found", ""]
    assert (runs[0].exit, runs[0].environment, runs[0].output_bytes) == (3, ("A",), 7)
    assert "gone" in runs[-1].broken
    assert "canary" not in json.dumps([run.to_json() for run in runs])


@pytest.mark.sandbox
def test_a_sessions_commands_and_checks_stand_in_its_folder(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    task = {"id": "a", "steps": [{"run": "echo step"}], "checks": [{"run": "echo check"}]}
    session = worked(engine, repository, playbook(tmp_path, task))
    file = home / "sessions" / session.id / "runs.jsonl"
    commands = [json.loads(line)["command"] for line in file.read_text().splitlines()]
    assert commands[:2] == ["echo step", "echo check"]
    assert file.stat().st_mode & 0o077 == 0
