"""The review by keyboard: findings, files taken or left, the diff, conflicts, notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import Conflict, Finding, FindingKind, Severity
from orion_tui.screens.review import ReviewScreen
from orion_tui.selection import Selection
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList
from tests.support.fake_facts import PIN
from tests.support.fake_review import SESSION, clean, to_review
from tests.support.screens import BEST, SMALL, notified, opened, says, settled, shown, typed, until

MARKUP = "[red]x[/] [@click=app.quit]y[/] \x1b[2J\u202e"


async def test_findings_come_first_and_say_what_blocks_this_very_selection() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        text = shown(pilot)
        assert text.index("FINDINGS") < text.index("FILES") < text.index("TASKS")
        assert "cannot promote: secret in src/auth/config.py:4" in text
        assert "github-token: ghp_…" in text
        assert "DEBUG = False" in text
        await pilot.press("P")
        await notified(pilot, "secret in src/auth/config.py:4")
        assert isinstance(pilot.app.screen, ReviewScreen)


async def test_leaving_a_file_out_takes_its_findings_with_it() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press("space")  # the cursor is on the finding in config.py
        await says(pilot, "taking 3 of 4")
        await says(pilot, "cannot promote: protected path in .github/workflows/test.yml")
        await pilot.press("home", "space")
        await says(pilot, "✓ can promote 2 files")
        assert "☐ M config.py" in shown(pilot)


async def test_what_was_found_stays_to_be_seen_and_the_cursor_with_it_while_a_choice_is_looked_at() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        rows = pilot.app.screen.query_one(MarkedList)
        assert rows.chosen == "finding:f-secret"
        pilot.app.screen.do_take_file()  # type: ignore[attr-defined]  # before anything was looked at
        assert "looking at this selection" in shown(pilot)
        assert rows.chosen == "finding:f-protected"
        await says(pilot, "cannot promote: protected path")
        assert rows.chosen == "finding:f-protected"


def test_what_was_known_before_speaks_of_what_is_taken_alone() -> None:
    whole = to_review().review.report(SESSION)
    chosen = Selection(whole, before=whole)
    assert chosen.findings == whole.findings
    assert {each.path for each in chosen.toggled("src/auth/config.py").findings} == {".github/workflows/test.yml", ""}
    assert chosen.without(chosen.paths).findings == ()


async def test_why_on_a_finding_about_a_task_opens_that_task() -> None:
    engine = clean()
    engine.findings = (Finding("f", FindingKind.FLAGGED, Severity.WARNING, "", None, "flagged", task="tests"),)
    async with opened(engine, "review", session=SESSION) as pilot:
        assert pilot.app.screen.query_one(MarkedList).chosen == "finding:f"
        await pilot.press("w")
        await says(pilot, "WHY IT IS THERE")
        assert "Write unit tests" in shown(pilot).splitlines()[0]


async def test_a_key_that_is_held_says_once_why_it_goes_no_further() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press(*"nnnnnnnnnn")
        await notified(pilot, "this is the last file")
        assert [note.message for note in pilot.app._notifications].count("this is the last file") == 1


async def test_the_chosen_row_stays_in_sight_when_the_window_becomes_smaller() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        rows = pilot.app.screen.query_one(MarkedList)
        await pilot.press("end")
        await settled(pilot)
        await pilot.resize_terminal(*SMALL)
        await settled(pilot)
        assert rows.scroll_offset.y <= rows.cursor < rows.scroll_offset.y + rows.size.height


async def test_the_keys_are_the_lists_again_however_single_lines_were_ended() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        for ending in ("escape", "enter", "n"):
            await pilot.press("enter")
            await says(pilot, "single lines")
            await pilot.press(ending)
            await settled(pilot)
            assert isinstance(pilot.app.focused, MarkedList), ending


async def test_findings_are_accepted_one_by_one() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press("a")
        await says(pilot, "secret · accepted")
        await says(pilot, "cannot promote: protected path")
        await pilot.press("down", "a")
        await says(pilot, "✓ can promote 4 files")
        await pilot.press("a")
        await says(pilot, "cannot promote: protected path")


async def test_what_cannot_be_accepted_says_so() -> None:
    engine = clean()
    engine.findings = (
        Finding(
            "f", FindingKind.WRITE_LIMIT, Severity.BLOCKING, "src/auth/models.py", None, "too long", acceptable=False
        ),
    )
    async with opened(engine, "review", session=SESSION) as pilot:
        await says(pilot, "cannot be accepted: leave its file out")
        await pilot.press("a")
        await notified(pilot, "cannot be accepted")
        await says(pilot, "cannot promote")


async def test_a_conflict_blocks_until_its_file_is_left_out() -> None:
    engine = clean()
    engine.conflicts = (Conflict("src/auth/models.py", "uncommitted changes"),)
    async with opened(engine, "review", session=SESSION) as pilot:
        await says(pilot, "src/auth/models.py conflicts (uncommitted changes)")
        await pilot.press("n", "n", "f")
        await says(pilot, "✓ can promote 3 files")


async def test_all_and_none_take_turns() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("x")
        await says(pilot, "no file is taken")
        await pilot.press("x")
        await says(pilot, "✓ can promote 4 files")


async def test_steps_through_the_diff_carry_the_list_along() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("n", "n")
        await says(pilot, "▸ ✓ M models.py")
        await pilot.press("j", "j")
        await says(pilot, "src/auth/models.py hunk 2 of 2 by model")
        await pilot.press("k", "space")
        await says(pilot, "▸ ◪ M models.py 1/2")
        await says(pilot, "─── ☐ hunk 1/2")
        await pilot.press("f")
        await says(pilot, "▸ ☐ M models.py 0/2")


async def test_what_is_read_stays_in_place_while_the_session_moves_on() -> None:
    engine = clean()
    async with opened(engine, "review", SMALL, session=SESSION) as pilot:
        await pilot.press("n", "n", "j")
        view = pilot.app.screen.query_one(DiffView)
        place, offset = view.current, view.scroll_offset
        assert place == ("src/auth/models.py", 1)
        engine.parked(SESSION, "tests", ActionClass.DEPLOY, "make deploy", "a person decides this")
        await says(pilot, "1 decision to make")
        assert (view.current, view.scroll_offset) == (place, offset)


@pytest.mark.parametrize("size", [BEST, SMALL])
async def test_one_key_gives_the_diff_the_whole_screen(size: tuple[int, int]) -> None:
    async with opened(to_review(), "review", size, session=SESSION) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: "FINDINGS" not in shown(pilot), "the diff alone")
        assert "return bcrypt.checkpw" in shown(pilot) or size == SMALL
        await pilot.press("d")
        await says(pilot, "FINDINGS")


async def test_tasks_show_what_was_verified_apart_from_what_was_claimed() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("end")
        await says(pilot, "claimed the workflow is in place")
        await says(pilot, "no check ran: not verified")
        await pilot.press("up", "i")
        await says(pilot, "verified ✓ passed python3 -m unittest (exit 0)")


async def test_what_a_person_must_run_is_listed_literally() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await says(pilot, "→ make deploy STAGE=staging")


async def test_a_session_without_changes_says_what_to_do() -> None:
    engine = clean()
    engine.created("s009", "Nothing", ())
    engine.review._open = lambda _session: ()  # type: ignore[attr-defined]
    async with opened(engine, "review", session="s009") as pilot:
        await says(pilot, "Nothing to review: no task has left a change")
        await pilot.press("P")
        await notified(pilot, "there is no change to promote")


async def test_hostile_text_is_drawn_literally() -> None:
    engine = clean()
    engine.findings = (replace(to_review().findings[0], message=MARKUP, hint=MARKUP),)
    engine.created("s002", MARKUP, ())
    async with opened(engine, "review", session="s002") as pilot:
        text = shown(pilot)
        assert "[red]x[/] [@click=app.quit]y[/] ␛[2J⟨U+202E⟩" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


async def test_twenty_columns_are_survived() -> None:
    async with opened(to_review(), "review", (20, 20), session=SESSION) as pilot:
        assert "✗ src/auth" in shown(pilot)
        await pilot.press("j", "n", "d", "d", "space", "w", "escape")
        await settled(pilot)


async def test_the_diff_opens_at_the_file_that_the_cursor_is_on() -> None:
    async with opened(to_review(), "review", SMALL, session=SESSION) as pilot:
        view = pilot.app.screen.query_one(DiffView)
        path = view.current[0]
        assert path != view.patch.files[0].header.path
        await says(pilot, f"{path} hunk 1 of 1")
        await says(pilot, "▸ ─── ✓ hunk 1/1")


async def test_single_lines_are_taken_and_only_they_are_promoted() -> None:
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "enter", "j", "space")
        await says(pilot, "◪ M config.py 1/1")
        assert "▸+☐DEBUG = False" in shown(pilot)
        await pilot.press("escape", "down", "space", "down", "space")
        await says(pilot, "✓ can promote 2 files")
        await pilot.press("P")
        await says(pilot, "2 of 4 files, 1 of them in part, as one commit, onto main")
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ promoted")
        call = next(call for call in engine.calls if call[0] == "promote")
        assert call[1] == ".github/workflows/test.yml"
        assert call[2].endswith(":[1, 3]")


async def test_one_key_shows_the_diff_side_by_side_with_what_took_whose_place() -> None:
    async with opened(clean(), "review", (160, 36), session=SESSION) as pilot:
        await pilot.press("v")
        await says(pilot, "3 - DEBUG = True")
        line = next(line for line in shown(pilot).splitlines() if "DEBUG = True" in line)
        assert "DEBUG = False" in line
        await pilot.press("v")
        await until(pilot, lambda: not pilot.app.screen.query_one(DiffView).split, "below each other")


async def test_a_text_is_looked_for_in_the_diff() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("slash")
        await typed(pilot, "RETURN {}")
        await pilot.press("enter")
        await says(pilot, "src/auth/models.py hunk 2 of 2")
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, ReviewScreen)


async def test_one_key_opens_the_story_of_the_task_behind_a_hunk() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await pilot.press("n", "n", "w")
        await says(pilot, "WHY IT IS THERE")
        await says(pilot, "EVIDENCE")
        await pilot.press("q")
        await says(pilot, "FILES")


async def test_notes_go_back_as_a_task_and_the_file_is_left_out_with_a_reason() -> None:
    engine = clean()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "enter", "m")
        await says(pilot, "A note on src/auth/config.py, line 3")
        await typed(pilot, "why off")
        await pilot.press("enter")
        await pilot.press("escape", "r")
        await says(pilot, "Leave src/auth/config.py out")
        await typed(pilot, "no tokens")
        await pilot.press("enter")
        await says(pilot, "☐ M config.py")
        await pilot.press("e")
        await says(pilot, "The task revise-1 is in the plan")
        notes = next(call for call in engine.calls if call[0] == "revise")
        assert notes[1:] == ("src/auth/config.py:3 why off", "src/auth/config.py: no tokens")
        await pilot.press("down", "enter")
        await until(pilot, lambda: ("resume", SESSION, "detach") in engine.calls, "the resumed session")


async def test_a_conflict_is_seen_from_three_sides_and_answered_by_the_person() -> None:
    engine = clean()
    engine.conflicts = (Conflict("src/auth/models.py", "content"),)
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "n", "c")
        for text in ("your branch", "before both", "this session", "its own"):
            await says(pilot, text)
        await pilot.press("e", "ctrl+s")
        await says(pilot, "a conflict marker still stands in it")
        await pilot.press("escape", "t")
        await says(pilot, "✓ can promote 4 files")
        await pilot.press("P")
        await says(pilot, "your PIN now")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ promoted")
        assert engine.told[2] == {"src/auth/models.py": None}


async def test_the_agent_can_be_asked_to_bring_a_conflict_together() -> None:
    engine = clean()
    engine.conflicts = (Conflict("src/auth/models.py", "content"),)
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "n", "c")
        await says(pilot, "ask the agent")
        await pilot.press("b")
        await says(pilot, "The task revise-1 is in the plan")
        assert ("rebase", SESSION) in engine.calls


async def test_files_are_grouped_by_folder_or_by_task() -> None:
    async with opened(clean(), "review", session=SESSION) as pilot:
        await says(pilot, "src/auth 2 · +5 -2")
        await pilot.press("g")
        await says(pilot, "Write user model 2 · +5 -2")
        assert "✓ M src/auth/models.py" in shown(pilot)


async def test_what_waits_for_a_decision_stands_first_and_opens_it() -> None:
    engine = clean()
    engine.parked(SESSION, "tests", ActionClass.DEPLOY, "make deploy", "a person decides this")
    async with opened(engine, "review", session=SESSION) as pilot:
        assert shown(pilot).index("WAITS FOR YOU") < shown(pilot).index("FILES")
        await pilot.press("a")
        await says(pilot, "make deploy")
