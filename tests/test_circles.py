"""A worker that goes round in circles is seen, whichever way it goes."""

from __future__ import annotations

from engine.session.circles import (
    QUIET_TURNS,
    SAME_CALL,
    SAME_ERROR,
    UNUSABLE_REPLIES,
    Circle,
    CircleWatch,
    Deed,
)


def deed(digest: str, text: str = "same", *, ok: bool = True, before: str = "", after: str = "") -> Deed:
    return Deed(digest, "a call", ok, text, "a.py" if before or after else "", before, after)


def kinds(found: list[Circle | None]) -> list[str]:
    return [circle.kind for circle in found if circle is not None]


def test_the_same_call_with_the_same_result_is_a_circle_at_its_third_time() -> None:
    watch = CircleWatch()
    assert kinds([watch.saw(deed("x")) for _ in range(SAME_CALL - 1)]) == []
    assert kinds([watch.saw(deed("x"))]) == ["same_call"]


def test_a_duration_in_the_result_does_not_hide_the_circle() -> None:
    watch = CircleWatch()
    found = [watch.saw(deed("x", f"1 failed in 0.{n}2s", ok=False)) for n in range(SAME_CALL)]
    assert kinds(found) == ["same_call"]


def test_the_same_call_with_another_result_is_none() -> None:
    watch = CircleWatch()
    assert kinds([watch.saw(deed("x", f"line {n}")) for n in range(10)]) == []


def test_the_same_error_from_different_calls_is_a_circle() -> None:
    watch = CircleWatch()
    found = [watch.saw(deed(f"call {n}", "E: no such name", ok=False)) for n in range(SAME_ERROR)]
    assert kinds(found) == ["same_error"]
    assert "no such name" in next(circle.message for circle in found if circle)


def test_edits_that_undo_each_other_are_a_circle() -> None:
    watch = CircleWatch()
    there, back = deed("1", before="A", after="B"), deed("2", before="B", after="A")
    assert kinds([watch.saw(step) for step in (there, back, there)]) == ["undone"]


def test_turns_in_which_nothing_changes_are_a_circle_unless_the_tree_did() -> None:
    watch = CircleWatch()
    trees = iter(["base", "base", "moved", "moved"])
    found = [watch.turn(True, "", lambda: next(trees)) for _ in range(QUIET_TURNS * 4)]
    assert kinds(found) == ["nothing_changed", "nothing_changed"]


def test_replies_of_no_use_are_a_circle_that_the_worker_was_told_of() -> None:
    watch = CircleWatch()
    found = [watch.turn(False, "it was empty", lambda: "t") for _ in range(UNUSABLE_REPLIES)]
    (circle,) = [circle for circle in found if circle is not None]
    assert circle.was_told
    assert "it was empty" in circle.message


def test_a_watch_goes_on_where_it_stood() -> None:
    watch = CircleWatch()
    watch.saw(deed("x"))
    watch.saw(deed("x"))
    assert kinds([CircleWatch(watch.state()).saw(deed("x"))]) == ["same_call"]
