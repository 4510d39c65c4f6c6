"""From the review to the branch and back by keyboard: the gate, the PIN, kinds of promotion, undo and rejection."""

from __future__ import annotations

from threading import Event

import pytest

from engine.vocabulary.requests import AuthStatus
from orion_tui.modals.promotion import PromotionModal
from orion_tui.screens.review import ReviewScreen
from orion_tui.widgets.pin_entry import PinEntry
from tests.support.fake_facts import PIN
from tests.support.fake_review import FILES, SESSION, clean, to_review
from tests.support.screens import notified, opened, says, settled, shown, typed, until

MARKUP = "[red]x[/] [@click=app.quit]y[/] \x1b[2J\u202e"


async def test_the_gate_then_the_pin_then_what_happened_and_how_to_undo_it() -> None:
    engine = to_review()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("a", "down", "a")
        await says(pilot, "✓ can promote 4 files")
        await pilot.press("P")
        await says(pilot, "your PIN now")
        await says(pilot, "no secret comes along 1 accepted by you")
        await typed(pilot, PIN)
        assert PIN not in shown(pilot)
        await pilot.press("enter")
        await says(pilot, "✓ promoted 4 files onto main")
        for fact in (
            "feedc0defeed",
            f"orion-pre-promote/{SESSION}",
            f"orion-post-promote/{SESSION}",
            f"orion undo-promote {SESSION}",
            "hooks and signing were skipped",
        ):
            assert fact in shown(pilot)
        assert engine.calls[-1] == ("promote", *(f.path for f in FILES), "accepting", "f-protected", "f-secret")
        await pilot.press("enter")
        await says(pilot, "Everything is in your branch")
        await says(pilot, "✓ promoted")


async def test_only_what_was_taken_is_promoted() -> None:
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("down", "space", "down", "space")
        await says(pilot, "✓ can promote 2 files")
        await pilot.press("P")
        await says(pilot, "2 of 4 files, as one commit")
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ promoted 2 files")
        assert engine.calls[-1] == ("promote", "src/auth/models.py", "tests/test_auth.py", "accepting")
        await pilot.press("escape")
        await says(pilot, "2 files +5 -1")


async def test_a_lock_counts_down_and_then_lets_one_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PinEntry, "tick_s", 0.05)
    engine = clean()
    engine.status = AuthStatus("pin", 0, 2.0, "file")
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "Locked after too many wrong tries")
        engine.status = AuthStatus("pin", 3, 0.0, "file")
        await says(pilot, "Your PIN lets it happen")
        await says(pilot, "3 tries left")


async def test_a_wrong_pin_counts_down_and_then_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PinEntry, "tick_s", 3600.0)
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "3 tries left")
        for left in ("2 tries left", "1 try left"):
            await typed(pilot, "111222")
            await pilot.press("enter")
            await says(pilot, left)
            await settled(pilot)
        await typed(pilot, "111222")
        await pilot.press("enter")
        await says(pilot, "locked: 15 min 00 s left")
        await typed(pilot, PIN)
        await pilot.press("enter")
        await settled(pilot)
        assert all(call[0] != "promote" for call in engine.calls)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReviewScreen), "the review")


async def test_a_first_pin_is_offered_twice_typed_and_weak_ones_refused() -> None:
    engine = clean()
    engine.status = AuthStatus("", 3, 0.0, "file")
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "No PIN was ever set")
        await typed(pilot, "730158")
        await pilot.press("enter")
        await typed(pilot, "730159")
        await pilot.press("enter")
        await says(pilot, "the two are not the same")
        await typed(pilot, "123456")
        await pilot.press("enter")
        await typed(pilot, "123456")
        await pilot.press("enter")
        await says(pilot, "123456 is an obvious row of digits")
        await settled(pilot)
        await typed(pilot, "730158")
        await pilot.press("enter")
        await typed(pilot, "730158")
        await pilot.press("enter")
        await says(pilot, "✓ promoted 4 files")
        assert ("set_pin",) in engine.calls


async def test_a_step_of_the_gate_that_takes_long_says_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, seconds, go = clean(), [0.0], Event()
    monkeypatch.setattr(PromotionModal, "clock", lambda: seconds[0])
    monkeypatch.setattr(PromotionModal, "tick_s", 0.01)
    async with opened(engine, "review", session=SESSION) as pilot:
        report = engine.review.report
        monkeypatch.setattr(engine.review, "report", lambda *given, **named: go.wait(60) and report(*given, **named))
        await pilot.press("P")
        await says(pilot, "● the branch as it is now          now")
        assert "now, for" not in shown(pilot)
        seconds[0] = 3.0
        await says(pilot, "now, for 3 s")
        go.set()
        await says(pilot, "Your PIN lets it happen")
        seconds[0] = 60.0
        await settled(pilot)
        assert "for 5" not in shown(pilot), "a person who looks for the PIN is not counted"


async def test_a_gate_that_blocks_at_the_last_look_promotes_nothing() -> None:
    engine = clean()
    engine.block = "conflicts"
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "your PIN now")
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "nothing was promoted; your repository is as before")
        assert "merges without a conflict        blocks" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PromotionModal), "the review")


@pytest.mark.parametrize("key", ["U", "u"])
async def test_a_promotion_is_taken_back_with_the_pin(key: str) -> None:
    engine = clean()
    engine.review.promote(SESSION, secret=PIN)
    async with opened(engine, "review", session=SESSION) as pilot:
        await says(pilot, "✓ everything is on main as feedc0defeed")
        await pilot.press(key)
        await says(pilot, "A new commit on main takes feedc0defeed back")
        await typed(pilot, "111222")
        await pilot.press("enter")
        await says(pilot, "the PIN is wrong")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ can promote 4 files")
        await notified(pilot, "revert commit 0ddba11f0ddb")


async def test_undo_without_a_promotion_says_why_not() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("U")
        await notified(pilot, "nothing of this session is promoted")


async def test_rejecting_needs_a_reason() -> None:
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("R")
        await says(pilot, "Reject the whole session")
        await pilot.press("enter")
        await says(pilot, "a reason is needed")
        await typed(pilot, "not what I meant")
        await pilot.press("enter")
        await until(pilot, lambda: ("reject", SESSION, "not what I meant") in engine.calls, "the rejection")
        await says(pilot, "cannot promote: this session was rejected")


@pytest.mark.parametrize(("block", "asked"), [("elsewhere", False), ("sandbox", True)])
async def test_checks_that_cannot_run_now_keep_the_pin_away_unless_no_sandbox_can_be_had(
    block: str, asked: bool
) -> None:
    engine = clean()
    engine.block, engine.unproven = block, ("make test",)
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "they could not run")
        await settled(pilot)
        assert pilot.app.screen.query_one(PinEntry).display is asked
        assert ("nothing was promoted" in shown(pilot)) is not asked


async def test_checks_of_the_selection_run_before_the_pin_is_asked_for() -> None:
    engine = clean()
    engine.unproven = ("pytest -q",)
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "your PIN now")
        assert ("check", SESSION) in engine.calls
        assert "checks on the result             there is none for this selection" in shown(pilot)


async def test_kind_and_branch_of_a_promotion_are_chosen_at_the_gate() -> None:
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await says(pilot, "your PIN now")
        await pilot.press("ctrl+o", "ctrl+o", "ctrl+b")
        await says(pilot, "as uncommitted changes, onto next")
        await says(pilot, "your PIN now")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ promoted")
        assert engine.told[:2] == ("changes", "next")
