"""Unchanged parts of a diff: folded, unfolded, remembered; stepping through what a search found; moved files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from orion_tui.screens.review import ReviewScreen
from orion_tui.selection import Hunks, Selection, Take
from orion_tui.widgets.diff_file import RowKind
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_split import NOTHING, SplitRows
from orion_tui.widgets.diff_view import DiffView
from tests.support.fake_review import SESSION, ReviewEngine, to_review
from tests.support.screens import notified, opened, says, settled, shown, typed, until
from tests.support.sessions import PIN, TIMEOUT_S, created, playbook, resumed

GIT = ["git", "diff", "--no-index", "--no-color", "--text", "--no-prefix"]


def patch_of(folder: Path, old: bytes, new: bytes, context: int = 3) -> bytes:
    """Git's own patch between two contents."""
    for side, data in (("a", old), ("b", new)):
        (folder / side).mkdir(exist_ok=True)
        (folder / side / "file").write_bytes(data)
    return subprocess.run([*GIT, f"-U{context}", "a/file", "b/file"], cwd=folder, capture_output=True).stdout


def unfolded(folder: Path, old: bytes, new: bytes) -> Patch:
    patch = Patch(patch_of(folder, old, new))
    patch.unfold(Patch(patch_of(folder, old, new, 1_000_000)).by_path())
    return patch


lines = st.lists(st.sampled_from([b"a", b"b", b"- c", b"+ d", b"@@ -1 +1 @@", b"diff --git a b", b""]), max_size=60)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=lines, cuts=st.lists(st.tuples(st.integers(0, 60), st.sampled_from([b"new", b"", b"\\ odd"])), max_size=5))
def test_an_unfolded_file_is_the_new_file_line_by_line_and_its_hunks_stay_the_same(
    tmp_path: Path, old: list[bytes], cuts: list[tuple[int, bytes]]
) -> None:
    new = list(old)
    for at, text in cuts:
        new[at : at + 1] = [text, *([text] if text else [])]
    before, after = (b"".join(line + b"\n" for line in side) for side in (old, new))
    if before == after:
        return
    folded, patch = Patch(patch_of(tmp_path, before, after)), unfolded(tmp_path, before, after)
    rows = [patch.row(number) for number in range(patch.row_count)]
    assert [row.raw for row in rows if row.new] == new
    assert [row.new for row in rows if row.new] == list(range(1, len(new) + 1))
    assert [row.old for row in rows if row.old] == list(range(1, len(old) + 1))
    if folded.files:
        changed = [[raw for raw in hunk.body if raw[:1] in (b"+", b"-")] for hunk in patch.files[0].hunks]
        assert changed == [[raw for raw in hunk.body if raw[:1] in (b"+", b"-")] for hunk in folded.files[0].hunks]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=lines, new=lines)
def test_two_columns_hold_every_row_once_and_know_where_it_stands(
    tmp_path: Path, old: list[bytes], new: list[bytes]
) -> None:
    before, after = (b"".join(line + b"\n" for line in side) for side in (old, new))
    patch = Patch(patch_of(tmp_path, before, after) * 2)
    split = SplitRows(patch)
    seen: dict[int, int] = {}
    for display in range(len(split)):
        left, right = split.at(display)
        for row in {left, right} - {NOTHING}:
            assert seen.setdefault(row, display) == display
            assert split.display_of(row) == display
        kinds = [patch.row(row).kind for row in (left, right) if row != NOTHING]
        assert RowKind.ADDED not in kinds[:-1]
    assert sorted(seen) == list(range(patch.row_count))


def test_a_patch_of_something_else_unfolds_nothing(tmp_path: Path) -> None:
    old = b"".join(b"%d\n" % number for number in range(40))
    patch = Patch(patch_of(tmp_path, old, old.replace(b"20\n", b"x\n")))
    other = patch_of(tmp_path, old, old.replace(b"20\n", b"y\n"), 99)
    rows = patch.row_count
    assert patch.unfold({"file": other}) == 0
    assert patch.unfold({"file": b""}) == 0
    assert patch.row_count == rows


async def test_one_key_unfolds_a_file_and_folds_it_again_around_what_is_read() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        view = pilot.app.screen.query_one(DiffView)
        await pilot.press("n", "j", "j")
        assert view.current == ("src/auth/models.py", 2)
        await says(pilot, "115 unchanged lines above")
        at = view.scroll_offset.y - view._current
        await pilot.press("z")
        await until(pilot, lambda: view.unfolded("src/auth/models.py"), "the whole file")
        assert "unchanged lines above" not in shown(pilot)
        assert view.current == ("src/auth/models.py", 2)
        assert view.scroll_offset.y - view._current == at
        await pilot.press("d", "up", "up", "pageup")
        await says(pilot, "# line 130")
        await pilot.press("z")
        await until(pilot, lambda: not view.unfolded("src/auth/models.py"), "the changes only")
        assert "# line 130" not in shown(pilot)


async def test_everything_is_unfolded_at_once_and_that_is_remembered() -> None:
    engine = to_review()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("t")
        view = pilot.app.screen.query_one(DiffView)
        await until(pilot, lambda: view.unfolded("src/auth/models.py"), "every file whole")
        await pilot.press("v", "g")
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ReviewScreen), "Home")
        pilot.app.go("review", session=SESSION)  # type: ignore[attr-defined]
        await until(pilot, lambda: isinstance(pilot.app.screen, ReviewScreen), "the review again")
        await settled(pilot)
        view = pilot.app.screen.query_one(DiffView)
        await until(pilot, lambda: view.unfolded("src/auth/models.py") and view.split, "as it was left")
        await pilot.press("t")
        await until(pilot, lambda: not view.unfolded("src/auth/models.py"), "folded again")


async def test_a_choice_is_found_again_after_a_look_elsewhere() -> None:
    engine: ReviewEngine = to_review()
    engine.findings = ()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("f")
        await says(pilot, "✓ can promote 3 files")
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ReviewScreen), "Home")
        pilot.app.go("review", session=SESSION)  # type: ignore[attr-defined]
        await says(pilot, "✓ can promote 3 files")


async def test_a_file_with_nothing_folded_says_so() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press("z")
        await notified(pilot, "nothing is folded in this file")


async def test_what_is_looked_for_is_gone_through_with_n_and_back_with_capital_n() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press("slash")
        await typed(pilot, "return")
        await pilot.press("enter")
        await says(pilot, "/return 1 of 4")
        view = pilot.app.screen.query_one(DiffView)
        assert view.line_text[1] == "        return self.hash == sha(password)"
        await pilot.press("n")
        await says(pilot, "/return 2 of 4")
        await pilot.press("N", "N")
        await says(pilot, "/return 4 of 4")
        await pilot.press("escape")
        await until(pilot, lambda: "/return" not in shown(pilot), "the end of the search")
        await pilot.press("n", "N")
        assert isinstance(pilot.app.screen, ReviewScreen)


async def test_what_the_diff_does_not_hold_is_said_with_what_could_be_looked_through_besides() -> None:
    async with opened(to_review(), "review", session=SESSION) as pilot:
        await pilot.press("slash")
        await typed(pilot, "line 77")
        await pilot.press("enter")
        await notified(pilot, "t also shows what is folded")
        await pilot.press("escape", "t")
        view = pilot.app.screen.query_one(DiffView)
        await until(pilot, lambda: view.unfolded("src/auth/models.py"), "every file whole")
        await pilot.press("slash")
        await typed(pilot, "line 77")
        await pilot.press("enter")
        await says(pilot, "/line 77 1 of 1")


@pytest.mark.parametrize(("text", "number"), [("GRÖSSE", 1), ("größe", 1), ("- c", 2), ("@@", None), ("+x", None)])
def test_a_search_knows_letters_beyond_ascii_and_no_sign_of_the_patch(
    tmp_path: Path, text: str, number: int | None
) -> None:
    patch = Patch(patch_of(tmp_path, b"a\n", "Größe\nx - c\n".encode()))
    assert [patch.row(row).new for row in patch.hits(text)] == ([] if number is None else [number])
    assert patch.hits("FIL") == [0]


@pytest.fixture
def moving(repository: Path, git: Callable[..., str]) -> Path:
    (repository / "src" / "old.py").write_text("".join(f"def f{n}():\n    return {n}\n" for n in range(30)))
    (repository / "same.txt").write_text("as it was\n" * 5)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "more")
    return repository


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_moved_file_is_one_file_of_the_diff_and_a_part_of_its_changes_can_be_taken(
    engine: Engine, moving: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    move = "mv src/old.py src/new.py; sed -i -e 's/return 3$/return 33/' -e 's/return 20$/return 200/' src/new.py"
    file = playbook(tmp_path, {"id": "move", "steps": [{"run": f"{move}; mkdir a; mv same.txt a/same.txt"}]})
    session = created(engine, moving, file)
    engine.sessions.start(session)
    engine.sessions.wait(session, TIMEOUT_S)
    engine.auth.set_pin(PIN)
    for asked in engine.approvals.list():
        engine.approvals.approve(asked.id, secret=PIN)
    assert resumed(engine, session).tasks["move"].state.value == "kept"

    report = engine.review.report(session)
    assert [(each.old_path, each.path) for each in report.moves] == [
        ("same.txt", "a/same.txt"),
        ("src/old.py", "src/new.py"),
    ]
    assert report.moves[0].similarity == 100
    assert 90 <= report.moves[1].similarity < 100
    patch = Patch(b"".join(engine.review.diff_pieces(session)))
    assert patch.data == engine.review.diff(session)
    header = patch.files[1].header
    assert (header.status, header.old_path, header.path) == ("renamed", "src/old.py", "src/new.py")
    whole = Patch(engine.review.diff(session, ["src/new.py"], whole=True)).by_path()
    assert patch.unfold(whole) == 1

    selection = Selection(report, hunks=Hunks(engine.review.hunks(session)))
    assert [hunk.path for hunk in selection.hunks.all] == ["src/new.py", "src/new.py"]
    for path in ("src/old.py", "src/new.py"):
        out = selection.toggled(path)
        assert {each: out.take_of(each)[0] for each in ("src/old.py", "src/new.py")} == dict.fromkeys(
            ("src/old.py", "src/new.py"), Take.NONE
        )
    part = selection.toggled_hunk(selection.hunks.all[0]).toggled("a/same.txt")
    assert part.taken == ("src/new.py", "src/old.py")
    done = engine.review.promote(session, secret=PIN, **part.choice)
    assert done.promoted, done.reasons
    assert not (moving / "src" / "old.py").exists()
    assert "return 3\n" in (moving / "src" / "new.py").read_text()
    assert "return 200\n" in (moving / "src" / "new.py").read_text()
    assert (moving / "same.txt").exists()
    assert engine.review.promote(session, secret=PIN).promoted, "what was left can come later"
    assert "return 33\n" in (moving / "src" / "new.py").read_text()
    assert (moving / "a" / "same.txt").exists()
    assert git(moving, "status", "--porcelain") == ""
