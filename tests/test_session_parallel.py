"""Independent tasks side by side: each on its own tree, kept in plan order, whoever was faster. That is settled here
by the tests: a command waits for a file, which comes into its tree when the journal tells what the test waits for."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.errors import ModelError, UsageError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Limits, Session, SessionState
from tests.support.counts import count
from tests.support.recordings import acts, begun, call, done, events_of, plan, record, task
from tests.support.recordings import worked as modelled
from tests.support.sessions import TIMEOUT_S, created, playbook, resumed, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

TWO, FOUR = Limits(parallel=2), Limits(parallel=4)
GO = "go.pyc"
WAITS = f"timeout 30 sh -c 'until test -e {GO}; do sleep 0.02; done'"
"""A command that goes on when the host puts that file into its tree; it is one that is never kept."""


def _task(name: str, *steps: dict[str, Any], check: str = "", **fields: Any) -> dict[str, Any]:
    return {"id": name, "steps": list(steps), **({"checks": [{"run": check}]} if check else {}), **fields}


def _write(path: str, content: str = "x\n") -> dict[str, Any]:
    return {"write": {"path": path, "content": content}}


def _run(command: str) -> dict[str, Any]:
    return {"run": command}


def _tree(home: Path, session: str, worker: int = 1) -> Path:
    return home / "sessions" / session / ("tree" if worker == 1 else f"tree-{worker}")


@contextmanager
def _once(engine: Engine, told: Callable[[Event], bool], act: Callable[[Event], object]) -> Iterator[None]:
    """Act in the writing thread at the first event that fits."""
    acted: list[Event] = []

    def hear(events: tuple[Event, ...]) -> None:
        for event in events:
            if not acted and told(event):
                acted.append(event)
                act(event)

    end = engine.subscribe(hear)
    try:
        yield
    finally:
        end()
    assert acted, "what the test waited for never came"


def _of(kind: EventKind, task: str) -> Callable[[Event], bool]:
    return lambda event: event.kind is kind and event.data.get("task") == task


def _ends(engine: Engine, session: str) -> list[tuple[str, str]]:
    found = events_of(engine, session, EventKind.TASK_ENDED)
    return [(data["task"], data["state"]) for data in found]


def _go(home: Path, worker: int = 1) -> Callable[[Event], object]:
    return lambda event: (_tree(home, event.session, worker) / GO).touch()


def _ran(engine: Engine, repository: Path, file: Path, limits: Limits = TWO) -> Session:
    session = created(engine, repository, file, limits=limits)
    engine.sessions.start(session)
    return engine.sessions.wait(session, TIMEOUT_S)


def _notices(session: Session) -> str:
    return "\n".join(session.notices)


def test_the_later_task_is_done_first_and_kept_second(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    slow = _task("slow", _run(WAITS), _write("a.txt"), check="test -e a.txt")
    fast = _task("fast", _write("b.txt"), check="test -e b.txt")
    with _once(engine, _of(EventKind.CHECK, "fast"), _go(home)):
        session = _ran(engine, repository, playbook(tmp_path, slow, fast))
    assert session.state is SessionState.AWAITING_REVIEW
    assert _ends(engine, session.id) == [("slow", "kept"), ("fast", "kept")]
    assert [view.verified for view in session.tasks.values()] == [True, True]
    checked = [data["task"] for data in events_of(engine, session.id, EventKind.CHECK) if data["task"]]
    assert checked == ["fast", "slow", "fast"], "the tip had moved: checked again as it is kept"
    assert [change.path for change in engine.review.changes(session.id).files] == ["a.txt", "b.txt"]


def test_four_at_once_give_the_same_branch_as_one_after_the_other(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    tasks = [
        _task(f"t{n}", _write(f"made/{n}.txt", f"{n}\n"), _run(f"seq {n} 9 > made/seq-{n}"), check="test -d made")
        for n in range(5)
    ]
    last = _task("last", _run("cat made/*.txt > all.txt"), depends_on=[each["id"] for each in tasks])
    file = playbook(tmp_path, *tasks, last)
    trees = set()
    for limits in (Limits(), TWO, FOUR):
        session = _ran(engine, repository, file, limits)
        assert set(states(session).values()) == {"kept"}, _notices(session)
        assert [key for key, _ in _ends(engine, session.id)] == [*(f"t{n}" for n in range(5)), "last"]
        trees.add(session.checkpoints[-1].commit and engine.review.changes(session.id).new)
    assert len(trees) == 1


def test_a_conflict_does_the_later_one_again_on_top(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    first = _task("first", _run(WAITS), _run("echo first >> log.txt"), check="grep -q first log.txt")
    later = _task("later", _run("echo later >> log.txt"), check="grep -q later log.txt")
    with _once(engine, _of(EventKind.CHECK, "later"), _go(home)):
        session = _ran(engine, repository, playbook(tmp_path, first, later))
    assert _ends(engine, session.id) == [("first", "kept"), ("later", "kept")]
    assert session.tasks["later"].attempts == 2
    assert "log.txt" in _notices(session)
    assert b"+first\n+later\n" in engine.review.diff(session.id)


def test_changes_that_merge_and_do_not_work_together_are_done_again_on_top(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    first = _task("first", _run(WAITS), _write("one.txt"))
    only = "test $(cat *.txt | wc -l) = $(cat count)"
    later = _task("later", _run("echo y > two.txt; cat *.txt | wc -l > count"), check=only)
    with _once(engine, _of(EventKind.CHECK, "later"), _go(home)):
        session = _ran(engine, repository, playbook(tmp_path, first, later))
    assert states(session) == {"first": "kept", "later": "kept"}
    assert session.tasks["later"].attempts == 2
    assert "done again" in _notices(session)


def test_a_parked_task_keeps_nobody_waiting(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> None:
    asks = _task("asks", _write("requirements.txt", "flask==3.0\n"))
    free = _task("free", _write("free.txt"))
    session = _ran(engine, repository, playbook(tmp_path, asks, free))
    assert states(session) == {"asks": "parked", "free": "kept"}
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    assert states(resumed(engine, session.id)) == {"asks": "kept", "free": "kept"}


def test_a_failure_ends_in_plan_order_and_the_others_are_kept(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    slow = _task("slow", _run(WAITS), _write("a.txt"))
    wrong = _task("wrong", _run("false"))
    fine = _task("fine", _write("b.txt"), check="test -e b.txt")
    with _once(engine, _of(EventKind.CHECK, "fine"), _go(home)):
        session = _ran(engine, repository, playbook(tmp_path, slow, wrong, fine), FOUR)
    assert _ends(engine, session.id) == [("slow", "kept"), ("wrong", "failed"), ("fine", "kept")]
    assert session.state is SessionState.AWAITING_REVIEW


def test_five_failures_in_a_row_count_in_plan_order(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    wrong = [_task(f"w{n}", _run("false")) for n in range(4)]
    slow = _task("slow", _run(WAITS), _run("false"))
    fine = _task("fine", _write("b.txt"), check="test -e b.txt")
    with _once(engine, _of(EventKind.CHECK, "fine"), _go(home)):
        session = _ran(engine, repository, playbook(tmp_path, *wrong, slow, fine), FOUR)
    assert (session.state, session.reason) == (SessionState.FAILED, "failures_in_a_row")
    assert session.tasks["fine"].state is TaskState.PENDING, "one after the other it would not have begun"


def test_cancelling_stops_all_of_them_at_once(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> None:
    tasks = [_task(f"t{n}", _write(f"{n}.txt"), _run("sleep 60")) for n in range(3)]
    session = created(engine, repository, playbook(tmp_path, *tasks), limits=FOUR)
    begun_: set[str] = set()

    def all_sleep(event: Event) -> bool:
        if event.kind is EventKind.ACTION_STARTED and event.data["summary"] == "sleep 60":
            begun_.add(event.data["task"])
        return len(begun_) == 3

    with _once(engine, all_sleep, lambda event: engine.sessions.cancel(event.session)):
        engine.sessions.start(session)
        after = engine.sessions.wait(session, TIMEOUT_S)
    assert after.state is SessionState.CANCELLED
    assert set(states(after).values()) == {"skipped"}
    assert not list(_tree(home, session, 2).glob("?.txt")), "what was half done is taken back"


def test_a_pause_suspends_each_and_resuming_repeats_nothing(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    tasks = [_task(f"t{n}", _run(f"echo x >> {n}.txt"), _run(WAITS), _run(f"echo y >> {n}.txt")) for n in (1, 2)]
    session = created(engine, repository, playbook(tmp_path, *tasks), limits=TWO)
    waiting: set[str] = set()

    def both_wait(event: Event) -> bool:
        if event.kind is EventKind.ACTION_STARTED and event.data["step"] == 1:
            waiting.add(event.data["task"])
        return len(waiting) == 2

    def pause(event: Event) -> None:
        engine.sessions.pause(event.session)
        for worker in (1, 2):
            _go(home, worker)(event)

    with _once(engine, both_wait, pause):
        engine.sessions.start(session)
        paused = engine.sessions.wait(session, TIMEOUT_S)
    assert paused.state is SessionState.PAUSED
    assert [view.suspension.step for view in paused.tasks.values() if view.suspension] == [2, 2]
    after = resumed(engine, session)
    assert set(states(after).values()) == {"kept"}
    ran = [data["summary"] for data in events_of(engine, session, EventKind.ACTION)]
    assert len(ran) == 6
    assert b"+x\n+y\n" in engine.review.diff(session, ["1.txt"])


@pytest.mark.mock_llm
@pytest.mark.parametrize("turns", [1, 2, 3, 5])
def test_four_workers_never_pass_a_limit_together(engine: Engine, home: Path, repository: Path, turns: int) -> None:
    look = call("read", path="src/app.py")
    names = [f"t{n}" for n in range(4)]
    lines = [line for name in names for line in acts(name, [look], [call("write", path=name, content="x\n"), done()])]
    record(home, plan(*(task(name) for name in names)), *lines)
    # The plan took one.
    session = modelled(engine, repository, limits=Limits(parallel=4, turns=1 + turns))
    assert session.calls <= 1 + turns
    assert (session.state, session.reason) == (SessionState.PAUSED, "turn_limit")
    engine.sessions.set_limits(session.id, Limits(parallel=4))
    after = resumed(engine, session.id)
    assert set(states(after).values()) == {"kept"}
    assert after.calls == 9, "no reply was asked for twice"


@pytest.mark.mock_llm
@pytest.mark.parametrize("limit", [0.03, 0.1, 0.13])
def test_four_workers_pass_a_limit_of_money_by_no_more_than_one_call(
    engine: Engine, home: Path, repository: Path, limit: float
) -> None:
    look = [call("run", command="sleep 0.1")]
    names = [f"t{n}" for n in range(4)]
    lines = [
        line
        for name in names
        for line in acts(name, look, [call("write", path=name, content="x\n"), done()], cost=0.04)
    ]
    record(home, plan(*(task(name) for name in names)), *lines)
    session = modelled(engine, repository, limits=Limits(parallel=4, cost_usd=limit))
    assert (session.state, session.reason) == (SessionState.PAUSED, "cost_limit")
    assert limit - 0.04 < session.cost_usd <= limit + 0.04
    engine.sessions.set_limits(session.id, Limits(parallel=4))
    assert set(states(resumed(engine, session.id)).values()) == {"kept"}


@pytest.mark.mock_llm
def test_a_message_for_all_stands_before_each_model(engine: Engine, home: Path, repository: Path) -> None:
    look = [call("run", command=WAITS)]
    record(
        home,
        plan(task("a"), task("b")),
        *acts("a", look, [call("write", path="a", content="x\n"), done()]),
        *acts("b", look, [call("write", path="b", content="x\n"), done()]),
    )
    session = begun(engine, repository, limits=TWO)
    waiting: set[str] = set()

    def both_wait(event: Event) -> bool:
        if event.kind is EventKind.ACTION_STARTED and event.data["step"] == 0:
            waiting.add(event.data["task"])
        return len(waiting) == 2

    def say(event: Event) -> None:
        engine.sessions.steer(event.session, "be brief")
        engine.sessions.steer(event.session, "you too", "b")
        for worker in (1, 2):
            _go(home, worker)(event)

    with _once(engine, both_wait, say):
        engine.sessions.start(session)
        after = engine.sessions.wait(session, TIMEOUT_S)
    assert set(states(after).values()) == {"kept"}
    heard = {data["task"]: len(data["messages"]) for data in events_of(engine, session, EventKind.HEEDED)}
    assert heard == {"a": 1, "b": 2}
    assert after.steering == ()


@pytest.mark.mock_llm
def test_a_model_that_fails_one_of_them_suspends_the_others(engine: Engine, home: Path, repository: Path) -> None:
    write = [call("write", path="b", content="x\n")]
    record(home, plan(task("a"), task("b")), *acts("b", write, [call("run", command="true")], [done()]))
    made = begun(engine, repository, limits=TWO)
    engine.sessions.start(made)
    with pytest.raises(ModelError, match="no reply"):
        engine.sessions.wait(made, TIMEOUT_S)
    session = engine.sessions.get(made)
    assert session.state is SessionState.FAILED
    assert session.reason.startswith("model: the recording")
    assert states(session)["a"] == "pending"


RUN = (
    "import sys; from pathlib import Path; from engine.build import build\n"
    "engine = build(Path(sys.argv[1])); engine.sessions.start(sys.argv[2]); engine.sessions.wait(sys.argv[2])\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(24)))
def test_a_run_of_several_that_is_killed_again_and_again_ends_as_if_nothing_had_happened(
    seed: int, home: Path, repository: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    names = [f"t{number}" for number in range(4)]
    tasks = [_task(name, _run(f"echo {name} >> log.txt"), check=f"grep -q {name} log.txt") for name in names]
    engine = build(home)
    try:
        session = created(engine, repository, playbook(tmp_path, *tasks), limits=Limits(parallel=3))
        for _ in range(2):
            if engine.sessions.get(session).state not in (SessionState.CREATED, SessionState.INTERRUPTED):
                break
            seen = engine.sessions.get(session).seq
            child = subprocess.Popen([sys.executable, "-c", RUN, str(home), session])
            left = chance.randrange(1, 30)
            for _ in engine.sessions.follow(session, seen, Flag()):
                left -= 1
                if left == 0:
                    break
            child.send_signal(signal.SIGKILL)
            child.wait()
        state = engine.sessions.get(session)
        if state.state is not SessionState.AWAITING_REVIEW:
            state = resumed(engine, session)
        assert _ends(engine, session) == [(name, "kept") for name in names], "in plan order, none of them twice"
        assert "".join(f"+{name}\n" for name in names).encode() in engine.review.diff(session)
    finally:
        engine.close()


def test_more_than_four_are_refused(engine: Engine, repository: Path, tmp_path: Path) -> None:
    file = playbook(tmp_path, _task("t", _run("true")))
    for wrong in (0, 5):
        with pytest.raises(UsageError, match="side by side"):
            worked(engine, repository, file, limits=Limits(parallel=wrong))
