"""The half of the review that reads the diff: steps, single lines, folding, looking for a text, two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input, Static

from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.review_memory import ReviewMemory
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList

if TYPE_CHECKING:
    from orion_tui.widgets.signs import Part


class ReviewDiff(OrionScreen):
    """Keys that work as soon as there is a diff, whatever else is still being read. `path_shown` is told where the keys
    have gone, so that the list follows."""

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session = session
        self._own_memory = ReviewMemory()
        self._in_lines = False
        self._read_on_at = ""

    def path_shown(self, path: str) -> None:
        raise NotImplementedError

    def authors(self, path: str) -> str:
        """Whose work the file is, in words."""
        raise NotImplementedError

    @property
    def view(self) -> DiffView:
        return self.query_one(DiffView)

    @property
    def memory(self) -> ReviewMemory:
        """What was chosen here and how it was shown, also on an earlier visit."""
        return self.orion.reviews.setdefault(self._session, self._own_memory)

    def diff_facts(self) -> set[str]:
        """Which conditions of keys hold for the diff."""
        if not self.query(DiffView):
            return set()
        view = self.view
        found = {"hunk"} if view.patch.files else set()
        if view.line is not None:
            found.add("line")
        found.add("hits" if view.searched[0] else "no_hits")
        return found

    # -- where it stands

    def on_diff_view_moved(self, event: DiffView.Moved) -> None:
        self.memory.path = event.path
        self.say_place(event.path, event.hunk, event.hunks)
        if self._in_lines and self.view.line is None:
            # A step to another file ends it too, and so does a diff that was read again.
            self._in_lines = False
            self.focus_reading()
            self.update_chrome()

    def say_place(self, path: str, hunk: int, hunks: int) -> None:
        """The line above the diff: file, hunk, task, and what is looked for."""
        text, at, count = self.view.searched
        parts: list[Part] = [(visible(path), "key"), (f"  hunk {hunk} of {hunks}" if hunk else "", "")]
        if text:
            parts.append((f"  /{visible(text)} {at} of {count}" if count else f"  /{visible(text)} nowhere", "accent"))
        if not self.view.patch.whole:
            parts.append(("  reading the rest …", "muted"))
        if self.view.line is not None:
            parts.append(("  single lines: j k go, space takes or leaves, esc ends", "muted"))
        by = self.authors(path)
        put(self.query_one("#diff-title", Static), (*parts, (f"  by {by}" if by else "", "muted")))

    def _say_again(self) -> None:
        path, hunk = self.view.current
        file = self.view.patch.file_of(path)
        self.say_place(path, hunk, len(file.hunks) if file else 0)

    def read_on(self) -> None:
        """Back to the file where the last visit stopped, once the diff has it and nobody has gone elsewhere."""
        if self._read_on_at and self.view.show_path(self._read_on_at):
            self.path_shown(self._read_on_at)
            self._read_on_at = ""

    def _step(self, moved: bool, otherwise: str) -> None:
        """After a step through the diff the list follows, so that `space` is about what is read."""
        self._read_on_at = ""
        if not moved:
            self.orion.say(otherwise)
        self.path_shown(self.view.current[0])

    def do_next_hunk(self) -> None:
        if self.view.line is not None:
            self._step(self.view.step_line(1), "this is the last line")
        else:
            self._step(self.view.next_hunk(), "this is the last hunk")

    def do_previous_hunk(self) -> None:
        if self.view.line is not None:
            self._step(self.view.step_line(-1), "this is the first line")
        else:
            self._step(self.view.previous_hunk(), "this is the first hunk")

    def do_next_file(self) -> None:
        self._step(self.view.next_file(), "this is the last file")

    def do_previous_file(self) -> None:
        self._step(self.view.previous_file(), "this is the first file")

    # -- how it is shown

    def do_side_by_side(self) -> None:
        self.memory.split = not self.view.split
        self.view.show_split(self.memory.split)

    def do_unfold_file(self) -> None:
        path = self.view.current[0]
        self.memory.exceptions ^= {path}
        if self.view.unfolded(path):
            self.view.fold(path)
            return
        engine, session = self.engine, self._session
        ask(self, lambda: engine.review.diff(session, (path,), whole=True), lambda raw: self._unfold(path, raw))

    def _unfold(self, path: str, raw: bytes) -> None:
        before = self.view.patch.row_count
        self.view.unfold(Patch(raw).by_path())
        if self.view.patch.row_count == before:
            self.memory.exceptions.discard(path)
            self.orion.say("nothing is folded in this file")

    def do_unfold_all(self) -> None:
        self.memory.unfolded = not self.memory.unfolded
        self.memory.exceptions.clear()
        if self.memory.unfolded:
            self.orion.say("every file with its unchanged parts; t folds them again")
            self.unfold_remembered()
        else:
            self.view.swap(Patch(self.view.patch.data, whole=self.view.patch.whole))

    def unfold_remembered(self) -> None:
        """Show the unchanged parts of all files for which that was asked, now or before."""
        memory, shown = self.memory, self.view.patch
        paths = () if memory.unfolded else tuple(sorted(memory.exceptions))
        if not (memory.unfolded or paths) or not self.view.patch.whole:
            return
        engine, session = self.engine, self._session

        def made() -> Patch:
            every = Patch(engine.review.diff(session, paths, whole=True)).by_path()
            patch = Patch(shown.data)
            patch.unfold({path: part for path, part in every.items() if memory.shows_all_of(path)})
            return patch

        ask(self, made, self._unfolded, group="unfold", exclusive=True)

    def _unfolded(self, patch: Patch) -> None:
        if patch.is_of(self.view.patch):
            self.view.swap(patch)

    # -- single lines

    def do_lines(self) -> None:
        view = self.view
        if view.line is not None:
            self.end_lines()
        elif view.begin_lines():
            self._in_lines = True
            view.focus()
            self._say_again()
        else:
            self.orion.say("no line is changed from here on")
        self.update_chrome()

    def end_lines(self) -> None:
        """Back from single lines to hunks."""
        self._in_lines = False
        self.view.end_lines()
        self._say_again()
        self.focus_reading()
        self.update_chrome()

    def focus_reading(self) -> None:
        """The keys go to the list again, or to the diff where only that is seen."""
        self.query_one(DiffView if self.has_class("-diff-only") else MarkedList).focus()

    # -- looking for a text

    def do_search(self) -> None:
        entry = self.query_one("#diff-search", Input)
        entry.add_class("-open")
        entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id != "diff-search":
            return
        if not event.value:
            self.orion.say("type what to look for")
        elif self.view.find(event.value):
            self._close_search()
            self.path_shown(self.view.current[0])
        else:
            folded = "" if self.memory.unfolded else "; t also shows what is folded"
            self.orion.say(f"the diff does not hold {visible(event.value)!r}{folded}")
        self._say_again()

    def _close_search(self) -> None:
        self.query_one("#diff-search", Input).remove_class("-open")
        self.focus_reading()
        self.update_chrome()

    def do_next_hit(self) -> None:
        self._to_hit(1)

    def do_previous_hit(self) -> None:
        self._to_hit(-1)

    def _to_hit(self, step: int) -> None:
        if not self.view.find(self.view.searched[0], step):
            self.orion.say("the diff does not hold it")
        self.path_shown(self.view.current[0])

    def leave_search(self) -> bool:
        """End what is looked for; false when nothing is."""
        entry = self.query_one("#diff-search", Input)
        if not entry.has_class("-open") and not self.view.searched[0]:
            return False
        self.view.find("")
        self._close_search()
        self._say_again()
        return True
