"""`engine.review`: what a session would bring, what speaks against it, and the way in and out."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from engine.vocabulary.changes import PromoteAs
from engine.vocabulary.errors import OrionError, RoleError, UsageError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.sessions import Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from threading import Event as Flag

    from engine.facade.core import Core
    from engine.facade.looking import Look
    from engine.review.export import Exported
    from engine.review.export_check import ExportVerdict
    from engine.review.promotion import Promoter
    from engine.vocabulary.changes import ChangeSet, Hunk, Promotion, ReviewNote
    from engine.vocabulary.requests import Review
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Evidence
    from engine.vocabulary.workspaces import ConflictSides, UndoPreview


class Reviews:
    """Looks at a session's changes and decides about them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def changes(self, session: str) -> ChangeSet:
        """What could still be promoted."""
        from engine.review.selection import open_changes

        return open_changes(self._core.session(session), self._core.repository(session))

    def diff(self, session: str, paths: Sequence[str] = (), *, whole: bool = False) -> bytes:
        """The unified patch of those changes, of all or of some paths; a moved file is one file of it. With `whole` the
        unchanged lines of each file are in it too."""
        from engine.facade.reviewing import patch

        return patch(self._core.session(session), self._core.repository(session), paths, whole=whole)

    def diff_pieces(self, session: str) -> Iterator[bytes]:
        """The patch of everything in one or two pieces, the first of them, some whole files, as soon as it is made."""
        from engine.facade.reviewing import pieces

        return pieces(self._core.session(session), self._core.repository(session))

    def hunks(self, session: str) -> tuple[Hunk, ...]:
        """The stretches of changed lines that can be taken or left, file by file in the order of `diff`."""
        from engine.review.selection import open_changes, open_hunks

        repository = self._core.repository(session)
        return open_hunks(open_changes(self._core.session(session), repository), repository)

    def report(
        self,
        session: str,
        *,
        paths: Sequence[str] | None = None,
        hunks: Mapping[str, Collection[int] | None] | None = None,
        resolutions: Mapping[str, bytes | None] | None = None,
        onto: str | None = None,
    ) -> Review:
        """Findings and conflicts of exactly this selection: `paths` whole, and of other files the `hunks` by id with
        the numbers of their changed lines (None for all of them); everything when both are None. `resolutions` answer
        conflicts: a path's content, None for the session's version."""
        from engine.facade.reviewing import report
        from engine.review.selection import Choice

        return report(self._core, self._core.session(session), Choice(paths, hunks, resolutions or {}), onto)

    def check(
        self,
        session: str,
        *,
        paths: Sequence[str] | None = None,
        hunks: Mapping[str, Collection[int] | None] | None = None,
        resolutions: Mapping[str, bytes | None] | None = None,
        onto: str | None = None,
        again: bool = False,
        stop: Flag | None = None,
        progress: Callable[[str, str], None] | None = None,
    ) -> tuple[Evidence, ...]:
        """Run the checks of exactly this selection in a sandbox, on a checkout of the tree that it would make of the
        branch, and keep the evidence; those that ran on that tree before are not run again unless `again`. Empty where
        there is no check, or a conflict leaves no tree. Raises SandboxUnavailable, Cancelled once `stop` is set."""
        from engine.facade.reviewing import check
        from engine.review.selection import Choice

        choice = Choice(paths, hunks, resolutions or {})
        with self._alone(session) as state:
            return check(self._core, state, choice, onto, again=again, stop=stop, progress=progress)

    def conflict(self, session: str, path: str, *, onto: str | None = None) -> ConflictSides:
        """The versions of a file that cannot be merged by itself. Raises UsageError when it can."""
        from engine.facade.reviewing import sides

        return sides(self._core, self._core.session(session), path, onto)

    def branches(self, session: str) -> tuple[str, ...]:
        """The branches that it could be promoted onto, its own first."""
        state = self._core.session(session)
        found = self._core.adapters.users.branches(Path(state.workspace))
        return (state.branch, *(name for name in found if name != state.branch))

    def promote(
        self,
        session: str,
        *,
        secret: str | None,
        paths: Sequence[str] | None = None,
        hunks: Mapping[str, Collection[int] | None] | None = None,
        resolutions: Mapping[str, bytes | None] | None = None,
        accept: Sequence[str] = (),
        onto: str | None = None,
        kind: PromoteAs | None = None,
        progress: Callable[[str, str], None] | None = None,
    ) -> Promotion:
        """Let what was chosen in, see `report`: as one commit unless `kind` says otherwise. A finding or conflict in
        the way is a value; AuthError, Locked and WorkspaceError are raised, and the repository is then as before."""
        from engine.review.selection import Choice

        with self._alone(session) as state:
            if state.state is SessionState.REJECTED:
                raise UsageError("the session was rejected", f"its branch is kept: {self.kept_branch(session)}")
            choice = Choice(paths, hunks, resolutions or {})
            return self._promoter(state).promote(
                secret=secret,
                choice=choice,
                accepted=accept,
                onto=onto,
                kind=kind or PromoteAs.COMMIT,
                progress=progress,
            )

    def undo(self, session: str, *, secret: str | None, attempt: int | None = None) -> Promotion:
        """Take a promotion that still stands back, the latest unless its number is given; also when the role's file is
        gone or not trusted any more."""
        with self._alone(session) as state:
            return self._promoter(state, judging=False).undo(secret=secret, attempt=attempt)

    def undo_preview(self, session: str, attempt: int | None = None) -> UndoPreview:
        """What `undo` would touch, and what stands in its way; writes nothing."""
        return self._promoter(self._core.session(session), judging=False).undo_preview(attempt)

    def export(self, session: str, target: Path) -> Exported:
        """The session as one archive: state, plan, decisions, the last checkpoints and the diff, secrets redacted.
        Raises UsageError."""
        from engine.review.export import export

        core = self._core
        events = core.journal.events(session)
        at = core.clock.now().isoformat()
        self._taken_out(session, "archive", target)
        return export(target, core.session(session), events, core.repository(session), at)

    def check_export(self, path: Path) -> ExportVerdict:
        """Whether an exported archive is whole and harmless; nothing of it is unpacked."""
        from engine.review.export_check import check_export

        return check_export(path)

    def reject(self, session: str, reason: str, *, task: str | None = None) -> None:
        """Turn the session down (or record why one task was); its branch stays in its own repository."""
        state = self._core.session(session)
        if state.state is SessionState.RUNNING:
            raise UsageError("the session is still running", "cancel it first")
        if not reason.strip():
            raise UsageError("a rejection needs a reason", "it is kept for the planner and for the log")
        if task is not None and task not in state.tasks:
            raise UsageError(f"there is no task {task!r} in this session", "see: orion status")
        data = {"reason": reason, "task": task or ""}
        with self._alone(session):
            self._core.journal.append(session, [Fact(EventKind.REJECTED, data)])

    def kept_branch(self, session: str) -> str:
        """The command that brings the session's branch, with each of its commits, over into the repository that it is
        run in."""
        kept = self._core.home.session(session) / "repo.git"
        return f"git fetch {quote(str(kept))} HEAD:refs/heads/orion-ara/{session}"

    def complete(self, session: str) -> None:
        """Close a session that was reviewed and has nothing to promote. Raises UsageError when there is something: a
        change, a decision that waits, a task that can go on."""
        with self._alone(session) as state:
            if state.state is not SessionState.AWAITING_REVIEW:
                raise UsageError(f"the session is {state.state.value}", "only one that awaits its review is completed")
            if state.waiting:
                raise UsageError(f"{len(state.waiting)} of its decisions wait", f"see: orion approvals {session}")
            if state.can_go_on:
                raise UsageError("a task of it can go on", f"resume it (orion resume {session}), or reject the session")
            if files := self.changes(session).files:
                what = "a file" if len(files) == 1 else f"{len(files)} files"
                raise UsageError(f"it has {what} to promote", f"see: orion review {session}; or reject the session")
            self._core.journal.append(session, [Fact(EventKind.COMPLETED, {})])

    def revise(self, session: str, notes: Sequence[ReviewNote]) -> str:
        """Make comments a new task of the session, which can then be resumed; the task's id. Those that were kept until
        now are kept no longer. Raises UsageError when no model works on it, or it runs or is over."""
        from engine.facade.revising import revise

        return revise(self._core, self._core.session(session), notes)

    def keep_note(self, session: str, note: ReviewNote) -> None:
        """Keep what a reviewer has to say until it is sent (`revise`) or dropped. Raises UsageError for no words."""
        from engine.facade.revising import noted

        if not note.text.strip():
            raise UsageError("there is nothing to say yet", "write what should be different")
        self._core.session(session)
        self._core.journal.append(session, [noted(added=[note])])

    def drop_note(self, session: str, note: ReviewNote) -> None:
        """Forget a note that was kept. Raises UsageError when there is none like it."""
        from engine.facade.revising import noted

        if note not in self._core.session(session).notes:
            raise UsageError("this note does not wait to be sent any more", f"see: orion review {session}")
        self._core.journal.append(session, [noted(gone=[note])])

    def rebase(self, session: str, *, onto: str | None = None) -> str:
        """Ask the agent to bring what conflicts with the branch together, as a new task whose result is reviewed like
        any other; the task's id. Raises UsageError when nothing conflicts."""
        from engine.facade.revising import rebase

        return rebase(self._core, self._core.session(session), onto)

    @contextmanager
    def look(self, session: str) -> Iterator[Look]:
        """A person's own commands in the sandbox, on a copy of the session's tree that nothing is kept of; nobody else
        works on the session meanwhile. Raises SandboxUnavailable."""
        from engine.facade.looking import looking

        with self._alone(session) as state, looking(self._core, state) as place:
            self._core.journal.append(session, [Fact(EventKind.LOOKED, {"commit": state.tip})])
            yield place

    def check_out(self, session: str, folder: Path) -> int:
        """Write the session's result as plain files to a folder that does not exist yet, outside the repository that it
        came from; how many. Raises UsageError, and WorkspaceError, with nothing left behind."""
        state = self._core.session(session)
        root = Path(state.workspace).resolve()
        if folder.resolve().is_relative_to(root):
            raise UsageError(f"{folder} lies in {root}, which nothing is written to before a promotion", "go elsewhere")
        self._taken_out(session, "files", folder)
        return self._core.repository(session).write_out(state.tip, folder)

    def settle(self) -> tuple[str, ...]:
        """Finish or take back promotions that a kill cut short; a sentence for each."""
        told = []
        for summary in self._core.journal.summaries():
            if not summary.promoting or self._core.alive(summary.id):
                continue
            try:
                lease = self._core.journal.acquire(summary.id)
            except UsageError:
                continue  # another process got to it first
            from engine.review.intents import settle_intent, settled_sentence

            try:
                state = self._core.session(summary.id)
                undo = state.promoting is not None and state.promoting["undoes"] is not None
                finished = settle_intent(state, self._core.adapters.users, self._core.journal)
            except OrionError as error:
                # A repository that is away for now must not keep every other command from working.
                told.append(
                    f"a promotion of session {summary.id} was cut short and cannot be put in order yet: {error.message}"
                )
                continue
            finally:
                lease.release()
            if finished is not None:
                told.append(settled_sentence(summary.id, undo=undo, finished=finished))
        return tuple(told)

    def _taken_out(self, session: str, what: str, to: Path) -> None:
        self._core.journal.append(session, [Fact(EventKind.TAKEN_OUT, {"what": what, "to": str(to)})])

    @contextmanager
    def _alone(self, session: str) -> Iterator[Session]:
        """Nobody else works on the session, promotes it or settles it meanwhile; what a kill left half done since this
        process began is settled first."""
        from engine.review.intents import settle_intent

        lease = self._core.journal.acquire(session)
        try:
            settle_intent(self._core.session(session), self._core.adapters.users, self._core.journal)
            yield self._core.session(session)
        finally:
            lease.release()

    def _promoter(self, state: Session, *, judging: bool = True) -> Promoter:
        from engine.facade.scanning import known_allow_list
        from engine.review.promotion import Promoter

        core = self._core
        try:
            role: Role | None = core.role(state)
        except RoleError:
            if judging:
                raise
            role = None
        return Promoter(
            state,
            role,
            core.repository(state.id),
            core.adapters.users,
            core.journal,
            lambda what, secret: core.authoriser.authorise(what, secret, session=state.id, role=role),
            core.adapters.audit.seal,
            known_allow_list(core),
            core.contents,
        )
