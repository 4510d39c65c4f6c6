"""What a reviewer does beyond choosing: promote, undo, reject, resolve a conflict, write notes and send them back."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.errors import OrionError
from engine.vocabulary.text import counted, visible
from orion_tui.bridge import ask
from orion_tui.lent import CANNOT, lent
from orion_tui.looking import look_around
from orion_tui.modals.choice import Choice, ChoiceModal
from orion_tui.modals.conflict import ConflictModal, Resolved
from orion_tui.modals.pin import PinModal
from orion_tui.modals.promotion import PromotionModal
from orion_tui.modals.reason import REASON, ReasonModal, Wanted
from orion_tui.screens.review_diff import ReviewDiff
from orion_tui.selection import Selection, Take
from orion_tui.widgets.diff_view import DiffView

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.vocabulary.changes import Finding, Promotion
    from engine.vocabulary.sessions import PromotionRecord
    from engine.vocabulary.workspaces import ConflictSides, UndoPreview
    from orion_tui.looking import Place

_FOLDER = Wanted("a folder that does not exist yet", "name a folder")
_NO_SECRET = Wanted("why it is no secret", "a reason is needed: it stands in the list")
_NOTE = Wanted("what should be different here", "there is nothing to say yet")


class ReviewActs(ReviewDiff):
    """The part of the review screen that asks and tells; what is shown and chosen stands elsewhere."""

    @property
    def _selection(self) -> Selection | None:
        return self.memory.selection

    @_selection.setter
    def _selection(self, selection: Selection) -> None:
        self.memory.selection = selection

    def _load(self) -> None:
        raise NotImplementedError

    def _choose(self, selection: Selection) -> None:
        raise NotImplementedError

    def _draw(self) -> None:
        raise NotImplementedError

    @property
    def _key(self) -> str:
        raise NotImplementedError

    @property
    def _path(self) -> str:
        """The file that is meant; empty when none is."""
        raise NotImplementedError

    @property
    def _record(self) -> PromotionRecord | None:
        """The promotion that an undo would take back: the one under the cursor, else the last that stands."""
        records = self._selection.whole.session.promotions if self._selection else ()
        standing = [record for record in reversed(records) if not record.undone_by]
        return next((each for each in standing if self._key == f"promoted:{each.attempt}"), next(iter(standing), None))

    # -- in and out

    def do_promote(self) -> None:
        if self._selection is not None:
            self.app.push_screen(PromotionModal(self.engine, self._selection), self._promoted)

    def _promoted(self, promotion: Promotion | None) -> None:
        if promotion is not None:
            what = f"{promotion.commit[:12]}" if promotion.commit else "uncommitted changes"
            self.orion.say(f"promoted onto {promotion.branch}: {what}")
        self._load()

    def do_undo_promotion(self) -> None:
        engine, session, record = self.engine, self._session, self._record
        if record is not None:
            ask(
                self,
                lambda: engine.review.undo_preview(session, record.attempt),
                lambda seen: self._ask_undo(record, seen),
            )

    do_undo_promotion_u = do_undo_promotion

    def _ask_undo(self, record: PromotionRecord, seen: UndoPreview) -> None:
        count = len(seen.paths)
        files = f"{count} file{'' if count == 1 else 's'}"
        if seen.conflicts:
            reasons = "; ".join(f"{visible(each.path)}: {each.reason}" for each in seen.conflicts)
            self.orion.say(f"it cannot be taken back as it is: {reasons}", severity="error")
            return
        if not seen.paths:
            text = (
                f"Nothing of it is left on {visible(record.branch)}: no commit is made, and it can be promoted again."
            )
        elif seen.uncommitted:
            text = f"{files} in the work tree go back to what they were."
        else:
            text = (
                f"A new commit on {visible(record.branch)} takes {record.commit[:12]} back ({files}). "
                "History stays as it is."
            )
        text += "".join(f"\n  {visible(path)}" for path in seen.paths[:8])
        text += f"\n  and {count - 8} more" if count > 8 else ""
        engine, session = self.engine, self._session
        modal: PinModal[Promotion] = PinModal(
            "Undo the promotion",
            text,
            engine.auth,
            lambda secret: engine.review.undo(session, secret=secret, attempt=record.attempt),
            yes="undo",
        )
        self.app.push_screen(modal, self._undone)

    def _undone(self, promotion: Promotion | None) -> None:
        if promotion is None:
            return
        if promotion.promoted:
            how = f"with the revert commit {promotion.commit[:12]}" if promotion.commit else "in the work tree"
            how = how if promotion.files else "already, by hand"
            self.orion.say(f"taken back {how} on {promotion.branch}")
        else:
            self.orion.say("not taken back: " + "; ".join(promotion.reasons), severity="error")
        self._load()

    def do_complete(self) -> None:
        engine, session = self.engine, self._session
        ask(self, lambda: engine.review.complete(session), lambda _: self._completed())

    def _completed(self) -> None:
        self.orion.say("the review is done: there was nothing to promote")
        self._load()

    def do_reject_session(self) -> None:
        text = "Nothing of this session will reach your repository. Its branch stays in Orion's own, for reference."
        self.app.push_screen(ReasonModal("Reject the whole session", text), self._rejected)

    def _rejected(self, reason: str | None) -> None:
        if reason is not None:
            engine, session = self.engine, self._session
            ask(self, lambda: engine.review.reject(session, reason), lambda _: self._after_reject())

    def _after_reject(self) -> None:
        self.orion.say("the session is rejected; its branch is kept")
        self._load()

    # -- what is no secret

    def _ask_allowance(self, finding: Finding) -> None:
        undone = "It will not be found again, here or anywhere. Taken back by: orion allowlist remove"
        text = f"{visible(finding.message)}\n{undone}"
        modal = ReasonModal("This is no secret", text, yes="go on", wants=_NO_SECRET)
        self.app.push_screen(modal, lambda reason: self._ask_pin_to_allow(finding, reason) if reason else None)

    def _ask_pin_to_allow(self, finding: Finding, reason: str) -> None:
        engine = self.engine

        def allow(secret: str) -> bool:
            engine.scan.allow(reason, secret, digest=finding.digest)
            return True

        text = f"{visible(finding.message)}\n{visible(reason)}"
        modal: PinModal[bool] = PinModal("Add to your allow-list", text, engine.auth, allow, yes="add it")
        self.app.push_screen(modal, self._allowed)

    def _allowed(self, done: bool | None) -> None:
        if done:
            self.orion.say("on your allow-list; orion allowlist shows it")
            self._load()

    # -- conflicts

    def do_resolve(self) -> None:
        engine, session, path, selection = self.engine, self._session, self._path, self._selection
        if selection is not None:
            onto = selection.onto
            ask(self, lambda: engine.review.conflict(session, path, onto=onto), self._show_conflict)

    def _show_conflict(self, sides: ConflictSides) -> None:
        self.app.push_screen(ConflictModal(sides), lambda answer: self._resolved(sides.path, answer))

    def _resolved(self, path: str, answer: Resolved | None) -> None:
        selection = self._selection
        if answer is None or selection is None:
            return
        if answer.how == "rebase":
            engine, session, onto = self.engine, self._session, selection.onto
            self._ask_work(lambda: engine.review.rebase(session, onto=onto))
        elif answer.how == "ours":
            self.orion.say(f"{path} is left out: your branch keeps its version")
            self._choose(selection.toggled(path) if selection.take_of(path)[0] is not Take.NONE else selection)
        else:
            self._choose(selection.answering(path, answer.content))

    # -- comments

    def _note_place(self) -> tuple[int | None, str]:
        """The line of the new file that the line cursor is on, and its text."""
        return self.query_one(DiffView).line_text

    def do_note(self) -> None:
        path, (line, quoted) = self._path, self._note_place()
        place = visible(path) + (f", line {line}" if line else "")
        modal = ReasonModal(f"A note on {place}", "e sends your notes back as a new task.", yes="keep it", wants=_NOTE)
        self.app.push_screen(modal, lambda text: self._noted(ReviewNote(path, text, line, quoted)) if text else None)

    def do_turn_down(self) -> None:
        path = self._path
        text = "The file stays on the session's branch. The reason can go back to the agent: e"
        modal = ReasonModal(f"Leave {visible(path)} out", text, yes="leave it out", wants=REASON)
        self.app.push_screen(modal, lambda reason: self._turned_down(path, reason))

    def _turned_down(self, path: str, reason: str | None) -> None:
        selection = self._selection
        if reason is None or selection is None:
            return
        self._noted(ReviewNote(path, reason, rejected=True))
        self._choose(selection.without((path,)))
        engine, session = self.engine, self._session
        for task in selection.whole.tasks_of.get(path, ()):
            self._keep_reason(partial(engine.review.reject, session, reason, task=task))

    def _keep_reason(self, work: Callable[[], None]) -> None:
        ask(self, work, lambda _: self._load(), group="reasons")

    def _noted(self, note: ReviewNote) -> None:
        """Kept in the journal before anything is said of it: it outlives the app."""
        engine, session = self.engine, self._session

        def kept() -> tuple[ReviewNote, ...]:
            engine.review.keep_note(session, note)
            return engine.sessions.get(session).notes

        ask(self, kept, self._notes_kept, group="notes")

    def _notes_kept(self, notes: tuple[ReviewNote, ...]) -> None:
        self.memory.notes, count = notes, len(notes)
        self.orion.say(f"{count} note{'s' * (count > 1)} kept; e makes a task of {'them' if count > 1 else 'it'}")
        self._draw()

    def do_revise(self) -> None:
        engine, session, notes = self.engine, self._session, self.memory.notes
        self._ask_work(lambda: engine.review.revise(session, notes))

    def _ask_work(self, work: Callable[[], str]) -> None:
        """Add a task, then ask whether the session shall go on with it now."""
        self.orion.say("making a task of it …")
        ask(self, work, self._added)

    def _added(self, task: str) -> None:
        self.memory.notes = ()
        choices = (
            Choice("later", "Later", f"orion resume {self._session} starts it"),
            Choice("now", "Now", "in the background; what was kept stays as it is"),
        )
        question = f"The task {task} is in the plan. Shall the session go on?"
        self.app.push_screen(ChoiceModal(question, choices), self._go_on)
        self._load()

    def _go_on(self, answer: str | None) -> None:
        if answer == "now":
            engine, session = self.engine, self._session
            self.orion.say("the session goes on in the background; this screen follows it")
            ask(self, lambda: engine.sessions.resume(session, detach=True), lambda _: self._load())

    # -- beyond the diff

    def do_look(self) -> None:
        """Lines of shell on this terminal, while the app waits; the sandbox is opened first, so that what keeps it from
        opening is said here."""
        engine, session, opened = self.engine, self._session, ExitStack()
        self.orion.say("opening the sandbox …")
        ask(self, lambda: opened.enter_context(engine.review.look(session)), lambda at: self._look_around(at, opened))

    def _look_around(self, place: Place, opened: ExitStack) -> None:
        try:
            with lent(self.app):
                look_around(place)
        except SuspendNotSupported:
            self.orion.say(f"{CANNOT}; elsewhere: orion look {self._session}")
        except OrionError as error:
            self.orion.show_error(error)
        ask(self, opened.close, lambda _: None)

    def do_check_out(self) -> None:
        text = "The whole result as plain files, whatever is chosen here. Nothing in there runs by itself."
        modal = ReasonModal("Open the result elsewhere", text, yes="write it", wants=_FOLDER)
        self.app.push_screen(modal, self._check_out)

    def _check_out(self, name: str | None) -> None:
        if name is not None:
            engine, session, folder = self.engine, self._session, Path(name).expanduser().absolute()
            ask(
                self,
                lambda: engine.review.check_out(session, folder),
                lambda count: self.orion.say(f"{counted(count, 'file')} in {visible(str(folder))}"),
            )

    # -- the task behind it

    def do_why(self) -> None:
        names = self._tasks_here
        if len(names) == 1:
            self._story(names[0])
            return
        tasks = self._selection.whole.session.tasks if self._selection else {}
        choices = [Choice(name, tasks[name].task.title) for name in names]
        self.app.push_screen(ChoiceModal("Which of its tasks?", choices), self._story)

    def _story(self, task: str | None) -> None:
        if task is not None:
            self.orion.go("story", session=self._session, task=task)

    @property
    def _tasks_here(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _with_report(self, selection: Selection) -> Selection:
        """A choice of everything has its report already."""
        if selection.everything and not selection.resolutions and selection.onto is None:
            return replace(selection, report=selection.whole)
        return selection
