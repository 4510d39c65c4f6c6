"""The bridge: events from engine threads become state, in order, once, and in bounded time."""

from __future__ import annotations

import threading
from time import perf_counter

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold import fold_all
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState
from orion_tui import bridge as bridge_module
from orion_tui.bridge import AppState, Bridge, read_lists
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import interrupted, night


class Told:
    """What the bridge told, and how often."""

    def __init__(self) -> None:
        self.states = 0
        self.lists = 0

    def state(self, _state: AppState) -> None:
        self.states += 1

    def listed(self) -> None:
        self.lists += 1


def made() -> tuple[Bridge, Told]:
    told = Told()
    return Bridge(told.state, told.listed), told


def drain(bridge: Bridge) -> None:
    while True:
        bridge.tick()
        if not bridge.backlog:
            return


def notice(seq: int, session: str = "s002") -> Event:
    return Event(session, seq, "2026-01-06T00:00:00+00:00", EventKind.NOTICE, {"message": str(seq)}, seq)


def test_a_watched_session_folds_to_the_same_state_as_its_whole_history():
    engine, (bridge, _) = night(), made()
    engine.subscribe(bridge.receive)
    bridge.watch(engine.sessions.get("s002"), engine.sessions.events("s002"))
    engine.kept("s002", "tests")
    engine.ended("s002", "awaiting_review", "the goal is complete")
    drain(bridge)
    seen = bridge.state.watched["s002"]
    assert seen.session.tasks["tests"].state is TaskState.KEPT
    assert seen.session == fold_all("s002", engine.history["s002"])
    assert seen.events == engine.history["s002"]


def test_events_that_arrive_while_the_history_is_read_are_neither_lost_nor_doubled():
    engine, (bridge, _) = night(), made()
    engine.subscribe(bridge.receive)
    bridge.expect("s002")
    state, early = engine.sessions.get("s002"), engine.sessions.events("s002")
    engine.tell("s002", EventKind.NOTICE, message="while reading")
    drain(bridge)
    late = engine.sessions.events("s002")
    engine.tell("s002", EventKind.NOTICE, message="after reading")
    bridge.watch(state, late)
    drain(bridge)
    seen = bridge.state.watched["s002"]
    assert len(late) == len(early) + 1
    assert [event.seq for event in seen.events] == list(range(1, len(late) + 2))
    assert seen.session.notices[-2:] == ("while reading", "after reading")


def test_the_screen_is_told_once_per_tick_however_many_events_came():
    engine, (bridge, told) = night(), made()
    bridge.watch(engine.sessions.get("s002"), engine.sessions.events("s002"))
    drain(bridge)
    told.states = 0
    first = len(engine.history["s002"]) + 1
    for seq in range(first, first + 50):
        bridge.receive((notice(seq),))
    bridge.tick()
    assert told.states == 1


def test_a_tick_without_news_tells_nobody():
    bridge, told = made()
    bridge.tick()
    assert (told.states, told.lists) == (0, 0)


def test_a_tick_ends_in_time_and_leaves_the_rest_for_the_next(monkeypatch):
    engine, (bridge, _) = night(), made()
    bridge.watch(engine.sessions.get("s002"), engine.sessions.events("s002"))
    first = len(engine.history["s002"]) + 1
    bridge.receive(tuple(notice(seq) for seq in range(first, first + 5_000)))
    clock = iter(range(1_000_000))
    monkeypatch.setattr(bridge_module, "perf_counter", lambda: next(clock) * bridge_module.DRAIN_S / 4)
    bridge.tick()
    assert 0 < bridge.backlog < 5_000
    monkeypatch.setattr(bridge_module, "perf_counter", perf_counter)
    drain(bridge)
    assert bridge.state.watched["s002"].session.seq == first + 4_999


def test_only_events_that_change_a_row_make_the_lists_stale():
    engine, (bridge, told) = FakeEngine(), made()
    engine.created("s009", "goal", ())
    engine.subscribe(bridge.receive)
    engine.tell("s009", EventKind.NOTICE, message="nothing for a list")
    drain(bridge)
    assert told.lists == 0
    engine.started("s009")
    drain(bridge)
    assert told.lists == 1


def test_the_same_lists_again_are_no_news():
    engine, (bridge, told) = night(), made()
    for _ in range(3):
        bridge.set_lists(read_lists(engine, {}))
        bridge.tick()
    assert told.states == 1
    assert bridge.state.lists_version == 1


def test_many_threads_can_tell_at_once_and_nothing_is_lost():
    engine, (bridge, _) = FakeEngine(), made()
    for number in range(4):
        engine.created(f"s{number}", "goal", ())
        bridge.watch(engine.sessions.get(f"s{number}"), engine.sessions.events(f"s{number}"))

    def pour(session: str) -> None:
        for seq in range(3, 1_003):
            bridge.receive((notice(seq, session),))

    threads = [threading.Thread(target=pour, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        bridge.tick()
    drain(bridge)
    assert [bridge.state.watched[f"s{number}"].session.seq for number in range(4)] == [1_002] * 4


def test_a_runner_that_died_shows_as_interrupted_although_it_wrote_no_event():
    engine, (bridge, _) = night(), made()
    bridge.set_lists(read_lists(engine, {}))
    bridge.watch(engine.sessions.get("s002"), engine.sessions.events("s002"))
    assert bridge.state.watched["s002"].session.state is SessionState.RUNNING
    interrupted(engine, "s002")
    bridge.set_lists(read_lists(engine, {}))
    assert bridge.state.watched["s002"].session.state is SessionState.INTERRUPTED


def test_a_session_nobody_looks_at_costs_no_memory():
    engine, (bridge, _) = night(), made()
    engine.subscribe(bridge.receive)
    bridge.watch(engine.sessions.get("s002"), engine.sessions.events("s002"))
    bridge.unwatch("s002")
    engine.tell("s002", EventKind.NOTICE, message="unseen")
    drain(bridge)
    assert bridge.state.watched == {}
