"""What sandboxes may use of the machine's memory is known before anybody asks for more of them."""

from __future__ import annotations

from pathlib import Path

from engine.engine import Engine
from engine.facade.memory import machine_mib
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.room import MemoryRoom
from engine.vocabulary.sessions import Limits
from tests.support.sessions import playbook


def test_a_container_has_the_memory_that_its_group_allows(tmp_path: Path) -> None:
    none, some = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    none.write_text("max\n")
    some.write_text(f"{64 * 1024**2}\n")
    assert machine_mib([none, tmp_path / "missing"]) > 64
    assert machine_mib([none, some]) == 64


def test_three_quarters_of_the_machine_is_much() -> None:
    room = MemoryRoom(512, 2_048)
    assert not room.tight(3)
    assert room.tight(4)
    assert room.said(3) == "3 sandboxes at once may use 1,536 of this machine's 2,048 MiB of memory"
    assert "sandbox.memory_mib" in room.said(4)


def test_the_doctor_and_a_plan_say_when_so_many_do_not_fit(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    (memory,) = (check for check in engine.doctor.report().checks if check.name == "memory")
    assert memory.status == "ok"
    assert "4 at once: 2,048 MiB" in memory.detail
    each = machine_mib() // 4 + 1
    (home / "config.yaml").write_text(f"limits: {{parallel: 3}}\nsandbox: {{memory_mib: {each}}}\n")
    (memory,) = (check for check in engine.doctor.report().checks if check.name == "memory")
    assert memory.status == "warn"
    assert memory.detail.startswith("3 sandboxes at once may use")
    file = playbook(tmp_path, {"id": "t", "steps": [{"run": "true"}]})
    asked = SessionRequest(workspace=repository, playbook=file, limits=Limits(parallel=3))
    assert [notice for notice in engine.sessions.propose(asked).notices if "sandboxes at once" in notice]
    one = SessionRequest(workspace=repository, playbook=file, limits=Limits(parallel=1))
    assert not [notice for notice in engine.sessions.propose(one).notices if "sandbox" in notice]
