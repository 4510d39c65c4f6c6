"""Before a session begins its sandbox is tried; one that something gets out of is not used, and is named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.sandboxes.bubblewrap import FILTER, BubblewrapProvider
from engine.sandboxes.self_test import CAPABILITY, KEY, NAMESPACE, NETWORK, WRITE, proven, self_test, try_out
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Layer, SandboxSpec
from engine.vocabulary.sessions import SessionState
from tests.support.sandboxes import EVERY_KIND, a_box, handed_over, provider_called
from tests.support.sessions import created, playbook

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)


@pytest.fixture
def tree() -> Iterator[Path]:
    folder = handed_over(Path(tempfile.mkdtemp(prefix="orion-tree-")))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("finder", EVERY_KIND)
def test_every_kind_of_way_out_is_tried_and_none_leads_out(finder: str) -> None:
    provider = _provider_called(finder)
    if isinstance(provider, str):
        pytest.skip(provider)
    found = try_out(provider)
    assert [attempt.name for attempt in found.attempts] == [WRITE, KEY, NETWORK, CAPABILITY, NAMESPACE]
    assert found.held
    assert str(found) == "5 kinds of ways out tried, none led out"


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (["network namespace"], NETWORK),
        (["no capabilities"], CAPABILITY),
        ([FILTER], CAPABILITY),
        ([FILTER, "no nested user namespaces"], NAMESPACE),
        (["root closed for writing"], WRITE),
    ],
)
def test_what_gets_out_is_named(without: list[str], expected: str) -> None:
    found = try_out(BubblewrapProvider(without=without))
    assert not found.held
    assert expected in [attempt.name for attempt in found.attempts if attempt.got_out]
    assert expected in str(found)


def test_a_folder_of_the_host_inside_is_found_by_its_key_and_by_what_was_written(tree: Path) -> None:
    shared = Path(tempfile.gettempdir())
    spec = SandboxSpec("test", tree, layers=(Layer(shared, str(shared), writable=True),))
    sandbox = BubblewrapProvider().open(spec)
    try:
        got_out = {attempt.name for attempt in self_test(sandbox).attempts if attempt.got_out}
    finally:
        sandbox.close()
    assert got_out >= {WRITE, KEY}


def test_a_sandbox_that_cannot_carry_the_test_out_is_not_trusted() -> None:
    with a_box(BubblewrapProvider()) as box:
        box.sandbox.close()
        with pytest.raises(SandboxUnavailable, match="closed"):
            self_test(box.sandbox)


def test_a_sandbox_that_something_gets_out_of_is_closed_and_not_handed_out(tree: Path) -> None:
    weak = BubblewrapProvider(without=["network namespace"])
    with pytest.raises(SandboxUnavailable, match=NETWORK) as caught:
        proven(weak.open)(SandboxSpec("test", tree))
    assert "orion doctor" in caught.value.hint
    proven(BubblewrapProvider().open)(SandboxSpec("test", tree)).close()


def test_a_session_does_not_start_when_something_gets_out(
    engine: Engine, repository: Path, tmp_path: Path, weakened: Callable[[str], None]
) -> None:
    weakened("network namespace")
    session = created(engine, repository, playbook(tmp_path, {"id": "a"}))
    with pytest.raises(SandboxUnavailable, match=NETWORK):
        engine.sessions.start(session)
    assert engine.sessions.get(session).state is SessionState.CREATED
    report = engine.doctor.report()
    failed = {check.name: check for check in report.checks if check.status == "fail"}
    assert not report.ok
    assert NETWORK in failed["self-test.bubblewrap"].detail


def test_the_command_line_names_what_gets_out_and_ends_with_6(
    home: Path,
    repository: Path,
    tmp_path: Path,
    weakened: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from orion_tui.cli.root import run

    monkeypatch.setenv("ORION_HOME", str(home))
    monkeypatch.chdir(repository)
    weakened("network namespace")
    assert run(["doctor"]) == 6
    said = capfd.readouterr().out
    assert "✗ self-test.bubblewrap" in said
    assert NETWORK in said
    assert "no session can start" in said
    assert run(["work", "--playbook", str(playbook(tmp_path, {"id": "a"})), "--yes"]) == 6
    said = capfd.readouterr().err
    assert "something got out of the sandbox (bubblewrap), so nothing is run in it" in said
    assert NETWORK in said


def test_the_doctor_shows_the_test(engine: Engine) -> None:
    checks = {check.name: check for check in engine.doctor.report().checks}
    assert checks["self-test.bubblewrap"].status == "ok"
    assert "none led out" in checks["self-test.bubblewrap"].detail
    assert {check.name for check in engine.doctor.self_test()} <= set(checks)


@pytest.fixture
def weakened(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has every bubblewrap of this process leave a measure out."""
    whole = BubblewrapProvider.__init__

    def weaken(measure: str) -> None:
        monkeypatch.setattr(BubblewrapProvider, "__init__", lambda self: whole(self, without=[measure]))

    return weaken
