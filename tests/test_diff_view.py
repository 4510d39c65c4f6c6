"""The diff view: what a patch says in words, line numbers, steps by hunk and file, hostile text."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from orion_tui.widgets.diff_file import RowKind
from orion_tui.widgets.diff_header import parse_header, unquoted
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_view import LINE_LIMIT, DiffView

TWO_FILES = b"""diff --git a/src/jwt.py b/src/jwt.py
index 1111111..2222222 100644
--- a/src/jwt.py
+++ b/src/jwt.py
@@ -3,3 +3,4 @@ def encode(claims):
 three
-four
+vier
+fuenf
 five
@@ -40,2 +41,1 @@ def decode(token):
 forty
--- a/not/a/header
diff --git a/tests/test_jwt.py b/tests/test_jwt.py
new file mode 100755
index 0000000..3333333
--- /dev/null
+++ b/tests/test_jwt.py
@@ -0,0 +1,2 @@
+first
+second
\\ No newline at end of file
"""


def rows(patch: Patch) -> list[tuple[RowKind, int | None, int | None, bytes]]:
    return [(row.kind, row.old, row.new, row.raw) for row in map(patch.row, range(patch.row_count))]


def test_every_line_has_the_numbers_of_the_side_it_is_on() -> None:
    patch = Patch(TWO_FILES)
    assert rows(patch) == [
        (RowKind.FILE, None, None, b""),
        (RowKind.HUNK, None, None, b""),
        (RowKind.CONTEXT, 3, 3, b"three"),
        (RowKind.REMOVED, 4, None, b"four"),
        (RowKind.ADDED, None, 4, b"vier"),
        (RowKind.ADDED, None, 5, b"fuenf"),
        (RowKind.CONTEXT, 5, 6, b"five"),
        (RowKind.HUNK, None, None, b""),
        (RowKind.CONTEXT, 40, 41, b"forty"),
        (RowKind.REMOVED, 41, None, b"-- a/not/a/header"),
        (RowKind.BLANK, None, None, b""),
        (RowKind.FILE, None, None, b""),
        (RowKind.HUNK, None, None, b""),
        (RowKind.ADDED, None, 1, b"first"),
        (RowKind.ADDED, None, 2, b"second"),
        (RowKind.NOTE, None, None, b"No newline at end of file"),
    ]


def test_numbers_are_the_same_from_whichever_end_one_looks() -> None:
    forwards, backwards = Patch(TWO_FILES), Patch(TWO_FILES)
    ahead = [forwards.row(number) for number in range(forwards.row_count)]
    back = [backwards.row(number) for number in reversed(range(backwards.row_count))]
    assert ahead == back[::-1]


def test_the_gap_above_a_hunk_counts_unchanged_lines() -> None:
    first, second = Patch(TWO_FILES).files[0].hunks
    assert (first.gap, second.gap) == (2, 34)


def test_a_line_of_the_new_file_is_found_or_the_nearest_after_it() -> None:
    patch = Patch(TWO_FILES)
    assert patch.row_of_line("src/jwt.py", 5) == 5
    assert patch.row_of_line("src/jwt.py", 20) == 8
    assert patch.row_of_line("src/jwt.py", 999) == 0
    assert patch.row_of_line("nowhere", 1) is None


@pytest.mark.parametrize(
    ("header", "path", "status", "words"),
    [
        (
            "diff --git a/a b.txt b/c d.txt\nsimilarity index 95%\nrename from a b.txt\nrename to c d.txt",
            "c d.txt",
            "renamed",
            "95% the same",
        ),
        (
            "diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755",
            "x.sh",
            "modified",
            "was plain file (100644), now executable (100755)",
        ),
        (
            "diff --git a/with space.bin b/with space.bin\nindex 1..2 100644\nBinary files a/x and b/x differ",
            "with space.bin",
            "modified",
            "binary, its lines are not shown",
        ),
        (
            'diff --git "a/\\303\\244.py" "b/\\303\\244.py"\ndeleted file mode 100644\n+++ /dev/null',
            "ä.py",
            "deleted",
            "",
        ),
        (
            "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link",
            "link",
            "added",
            "symbolic link (120000)",
        ),
        (
            "diff --git a/with tab b/with tab\n--- a/with tab\t\n+++ b/with tab\t",
            "with tab",
            "modified",
            "",
        ),
    ],
)
def test_a_header_is_said_in_words(header: str, path: str, status: str, words: str) -> None:
    said = parse_header([line.encode() for line in header.split("\n")])
    assert (said.path, said.status, "; ".join(said.words)) == (path, status, words)


def test_a_quoted_name_that_is_not_utf8_is_kept_apart_from_every_other() -> None:
    assert unquoted('"a\\377b"') != unquoted('"a\\376b"')
    assert unquoted('"tab\\there \\"quoted\\" back\\\\slash"') == 'tab\there "quoted" back\\slash'


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"garbage", b"@@ -1 +1 @@\n+x\n", b"diff --git ", b"diff --git a b\n@@ -"]
)
def test_a_patch_that_is_none_does_not_fail(data: bytes) -> None:
    patch = Patch(data)
    assert len(rows(patch)) == patch.row_count


class Viewer(App[None]):
    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data

    def compose(self) -> ComposeResult:
        yield DiffView()

    def on_mount(self) -> None:
        view = self.query_one(DiffView)
        view.load(self.data)
        view.focus()


def drawn(view: DiffView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def test_steps_go_by_hunk_and_by_file() -> None:
    async with Viewer(TWO_FILES).run_test(size=(100, 6)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(DiffView)
        seen = [view.current]
        while view.next_hunk():
            seen.append(view.current)
        assert seen == [("src/jwt.py", 0), ("src/jwt.py", 1), ("src/jwt.py", 2), ("tests/test_jwt.py", 1)]
        assert view.previous_hunk()
        assert view.current == ("src/jwt.py", 2)
        assert view.next_file()
        assert view.current == ("tests/test_jwt.py", 0)
        assert not view.next_file()


async def test_a_step_after_paging_starts_from_what_can_be_seen() -> None:
    body = b"".join(b"@@ -%d +%d @@\n-a\n+b\n" % (n, n) for n in range(1, 400))
    async with Viewer(b"diff --git a/x b/x\n--- a/x\n+++ b/x\n" + body).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(DiffView)
        await pilot.press("pagedown", "pagedown", "pagedown")
        await pilot.pause()
        top = view.scroll_offset.y
        assert top >= 60
        assert view.next_hunk()
        assert top < view.scroll_offset.y <= top + 3


async def test_the_place_of_a_search_keeps_its_number_side_by_side() -> None:
    app = Viewer(TWO_FILES)
    async with app.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        view = app.query_one(DiffView)
        view.find("f")
        view.find("f")
        before = view.searched
        view.show_split(True)
        assert view.searched == before
        assert before[1] == 2


async def test_a_link_that_is_left_out_is_left_out_line_by_line() -> None:
    app = Viewer(b"""diff --git a/l b/l
new file mode 120000
--- /dev/null
+++ b/l
@@ -0,0 +1 @@
+target
""")
    async with app.run_test(size=(100, 20)) as pilot:
        view = app.query_one(DiffView)
        view.show_left({})
        await pilot.pause()
        assert any("✓ hunk" in line for line in drawn(view))
        view.show_left({("l", 0): None})
        await pilot.pause()
        assert any("☐ hunk" in line for line in drawn(view))
        assert any("+☐" in line for line in drawn(view))


async def test_signs_and_numbers_say_what_colour_says() -> None:
    async with Viewer(TWO_FILES).run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        lines = drawn(pilot.app.query_one(DiffView))
        assert lines[0] == "▸ src/jwt.py · modified · +2 -2"
        assert lines[1] == "  ─── hunk 1/2 · 2 unchanged lines above · def encode(claims):"
        assert lines[3] == "    4       - four"
        assert lines[4] == "          4 + vier"
        assert lines[11] == "  tests/test_jwt.py · added · +2 -0 · executable (100755)"


@pytest.mark.parametrize("width", [20, 40, 80])
async def test_a_narrow_terminal_keeps_the_signs(width: int) -> None:
    async with Viewer(TWO_FILES).run_test(size=(width, 20)) as pilot:
        await pilot.pause()
        lines = drawn(pilot.app.query_one(DiffView))
        assert any("- four" in line for line in lines)
        assert any("+ vier" in line for line in lines)
        assert all(len(line) <= width for line in lines)


async def test_of_a_long_patch_only_some_screens_of_drawn_lines_are_kept() -> None:
    body = b"@@ -1,2000 +1,2000 @@\n" + b"".join(b" line %d\n" % number for number in range(2000))
    async with Viewer(b"diff --git a/x b/x\n--- a/x\n+++ b/x\n" + body).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(DiffView)
        for _ in range(12):
            await pilot.press("pagedown")
            await pilot.pause()
        assert view.scroll_offset.y > 200
        assert 24 < len(view._strips) <= 8 * view.size.height


async def test_hostile_text_is_shown_and_never_acted_on() -> None:
    hostile = "\x1b]0;owned\x07 \u202egnp \u200b[red]not markup[/] [@click=app.bell]x[/]\r".encode() + b"\xff\x9b"
    data = (
        b"diff --git a/e\x1b[2J b/e\x1b[2J\n--- a/e\x1b[2J\n+++ b/e\x1b[2J\n@@ -1 +1 @@ \x1b[31m\n+" + hostile + b"\n"
    )
    async with Viewer(data).run_test(size=(120, 10)) as pilot:
        await pilot.pause()
        text = "\n".join(drawn(pilot.app.query_one(DiffView)))
        assert all(char == "\n" or char.isprintable() for char in text)
        for shown in ("␛]0;owned␇", "⟨U+202E⟩gnp", "⟨U+200B⟩", "[red]not markup[/]", "\\xff\\x9b", "e␛[2J"):
            assert shown in text


async def test_long_lines_scroll_while_the_numbers_stay() -> None:
    data = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+\tone\t" + b"x" * 300 + b"END\n"
    async with Viewer(data).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(DiffView)
        assert "        1 +     one x" in drawn(view)[2]
        view.scroll_to(x=view.max_scroll_x, animate=False, immediate=True)
        await pilot.pause()
        line = drawn(view)[2]
        assert line.startswith("          1 + xxx")
        assert line.endswith("END")
        assert drawn(view)[0].startswith("▸ x · modified")


async def test_a_line_without_end_is_cut_and_says_so() -> None:
    data = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+" + b"y" * 1_000_000 + b"\n"
    async with Viewer(data).run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        view = pilot.app.query_one(DiffView)
        assert view.virtual_size.width < LINE_LIMIT + 200
        view.scroll_to(x=view.max_scroll_x, animate=False, immediate=True)
        await pilot.pause()
        view.scroll_to(x=view.max_scroll_x, animate=False, immediate=True)
        assert "996,000 more bytes on this line" in drawn(view)[2]


async def test_binary_and_unchanged_files_say_why_there_is_nothing_to_read() -> None:
    data = (
        b"diff --git a/p.png b/p.png\nindex 1..2 100644\nBinary files a/p.png and b/p.png differ\n"
        b"diff --git a/e b/e\nnew file mode 100644\nindex 0000000..e69de29\n"
        b"diff --git a/s b/s\nold mode 100644\nnew mode 100755\n"
    )
    async with Viewer(data).run_test(size=(80, 12)) as pilot:
        await pilot.pause()
        text = "\n".join(drawn(pilot.app.query_one(DiffView)))
        assert "binary file: its lines are not shown" in text
        assert "empty file" in text
        assert "now executable (100755)" in text


async def test_an_empty_patch_says_that_nothing_changed() -> None:
    async with Viewer(b"").run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        assert drawn(pilot.app.query_one(DiffView))[0] == "no changes"
