"""The repository that a person works in: the `UserRepository` port. Looking writes nothing at all; only `prepare` and
`revert` add objects, and only `apply` and `recover` move anything."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.changes import BUSY, Conflict
from engine.vocabulary.errors import StaleBase, WorkspaceError
from engine.vocabulary.text import visible
from engine.vocabulary.workspaces import MergeResult, PromotionPlan, UndoPreview, WorkspaceInfo
from engine.workspace.beneath import small_file
from engine.workspace.committed import CommittedFiles
from engine.workspace.comparison import compare
from engine.workspace.git import ORION_IDENTITY, Git, make_bare
from engine.workspace.merging import merge_trees
from engine.workspace.place import Place, find_place
from engine.workspace.promotion import Step, apply_plan, checkout_of, recover_plan
from engine.workspace.session_repository import ATTRIBUTES, GitSessionRepository
from engine.workspace.sharing import marked, sharing_user
from engine.workspace.takeback import edited_since
from engine.workspace.transfer import send_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.vocabulary.ports import SessionRepository
    from engine.workspace.beneath import Owner

_LONGEST_SHALLOW = 16 * 1024 * 1024
_SKIPPED = "hooks and commit signing of this repository were not run"


class GitUserRepository:
    """`owner` is the user and group that the sandbox runs as when Orion runs as root (None otherwise). `step` is told
    of each step of `apply`, before it is taken."""

    def __init__(self, owner: Owner = None, step: Step | None = None) -> None:
        self._owner = owner
        self._step = step

    def inspect(self, path: Path) -> WorkspaceInfo:
        place = find_place(path)
        _refuse_partial(place)
        branch = place.branch()
        head = place.commit_at("HEAD")
        if not head:
            raise WorkspaceError(
                f"{visible(str(place.root))} has no commit yet", "make a first one: git add . && git commit -m start"
            )
        if not branch:
            raise WorkspaceError(
                f"{visible(str(place.root))} has no branch checked out (detached HEAD)",
                "check one out first: git switch BRANCH, or git switch -c NEW",
            )
        return WorkspaceInfo(
            root=place.root,
            git_dir=place.git_dir,
            common_dir=place.common_dir,
            head=head,
            branch=branch,
            object_format=place.object_format,
            dirty=len(place.dirty()),
            identity=place.identity(),
            files=len(place.files_of(head)),
        )

    def open_session(self, info: WorkspaceInfo, session: str, folder: Path) -> SessionRepository:
        return GitSessionRepository.create(
            folder,
            session,
            objects=info.common_dir / "objects",
            head=info.head,
            object_format=info.object_format,
            shallow=_shallow(info.common_dir),
            owner=self._owner,
            user=sharing_user(find_place(info.root)),
        )

    def reopen(self, session: str, folder: Path) -> SessionRepository:
        return GitSessionRepository(folder, session, self._owner)

    def committed(self, root: Path, commit: str) -> CommittedFiles:
        return CommittedFiles(find_place(root).git, commit)

    def dirty_paths(self, root: Path) -> tuple[str, ...]:
        return tuple(sorted(find_place(root).dirty()))

    def branches(self, root: Path) -> tuple[str, ...]:
        listed = find_place(root).git.text(
            "for-each-ref", "--sort=-committerdate", "--format=%(refname:lstrip=2)", "refs/heads/"
        )
        return tuple(listed.splitlines())

    def conflicts(
        self, root: Path, branch: str, repository: SessionRepository, base: str, chosen: str
    ) -> tuple[str, MergeResult, tuple[Conflict, ...]]:
        place = find_place(root)
        tip = _tip(place, branch)
        source = _ours(repository)
        source.bring(place.objects)
        merged = source.merge(base, tip, chosen)
        here = checkout_of(place, branch)
        paths = tuple(change.path for change in source.changes(tip, merged.tree or merged.marked).files)
        return tip, merged, (*_busy(here or place, branch), *(here.in_the_way(tip, paths) if here is not None else ()))

    def filtered(self, root: Path, paths: Sequence[str]) -> tuple[str, ...]:
        return find_place(root).filtered(paths)

    def prepare(
        self,
        root: Path,
        repository: SessionRepository,
        *,
        session: str,
        attempt: int,
        branch: str,
        old: str,
        steps: Sequence[tuple[str, str]],
        uncommitted: bool = False,
    ) -> PromotionPlan:
        place = find_place(root)
        source = _ours(repository)
        source.bring(place.objects)
        known = old
        for tree, _ in steps:
            send_tree(source.git, place.git, tree, known)
            known = tree
        plan = _plan(place, branch, old, steps, _tags(place, "promote", session, attempt), attempt)
        return replace(plan, uncommitted=uncommitted)

    def apply(self, root: Path, plan: PromotionPlan) -> None:
        apply_plan(find_place(root), plan, self._step)

    def recover(self, root: Path, plan: PromotionPlan) -> bool:
        return recover_plan(find_place(root), plan)

    def revert(
        self, root: Path, promoted: tuple[str, str], branch: str, message: str, attempt: int, session: str
    ) -> PromotionPlan:
        place = find_place(root)
        preview, tip, tree = self._reverted(place, promoted, branch, keep=True)
        if preview.conflicts:
            raise StaleBase(
                "later work stands in the way: "
                + ", ".join(f"{visible(each.path)} ({each.reason})" for each in preview.conflicts),
                f"commit what is not committed, or undo it by hand: git revert {promoted[1][:12]}",
            )
        return _plan(place, branch, tip, ((tree, message),), _tags(place, "undo", session, attempt), attempt)

    def revert_preview(self, root: Path, promoted: tuple[str, str], branch: str) -> UndoPreview:
        place = find_place(root)
        seen = self._reverted(place, promoted, branch, keep=False)[0]
        reason = "goes through a filter, which Orion does not run"
        through = (Conflict(path, reason) for path in place.filtered(seen.paths))
        return replace(seen, conflicts=(*seen.conflicts, *through))

    def withdrawal(
        self, root: Path, promoted: tuple[str, str], branch: str, attempt: int, session: str
    ) -> PromotionPlan:
        place = find_place(root)
        tags = _tags(place, "undo", session, attempt)
        paths = place.changed(*promoted)
        identity = place.identity() or ORION_IDENTITY
        return PromotionPlan(attempt, branch, *promoted, *tags, paths, True, identity, uncommitted=True, withdraws=True)

    def edited(self, root: Path, plan: PromotionPlan) -> tuple[Conflict, ...]:
        here = checkout_of(find_place(root), plan.branch)
        if here is None:
            return (Conflict(plan.branch, "the branch is not checked out"),)
        return tuple(Conflict(path, "changed since it was let in") for path in edited_since(here, plan))

    def _reverted(
        self, place: Place, promoted: tuple[str, str], branch: str, *, keep: bool
    ) -> tuple[UndoPreview, str, str]:
        """What a revert would do, the branch's commit, and the tree of the revert; with `keep` its objects are sent."""
        tip = _tip(place, branch)
        parent, commit = promoted
        if not (place.commit_at(parent) and place.commit_at(commit)):
            raise WorkspaceError(
                f"commit {commit[:12]}, which this promotion made, is gone from the repository",
                f"the branch was rewritten and tidied up; take it back by hand: git log {visible(branch)}, git revert",
            )
        with _scratch(place) as scratch:
            sides = [scratch.text("rev-parse", f"{each}^{{tree}}") for each in (commit, tip, parent)]
            tree, found = merge_trees(scratch, *sides)
            if found:
                since = tuple(Conflict(each.path, "changed since") for each in found)
                return UndoPreview(branch, (), since), tip, ""
            changed = tuple(change.path for change in compare(scratch, sides[1], tree, {}))
            if keep:
                send_tree(scratch, place.git, tree, tip)
        here = checkout_of(place, branch)
        blocked = here.in_the_way(tip, changed) if here is not None else ()
        return UndoPreview(branch, changed, (*_busy(here or place, branch), *blocked)), tip, tree

    def moved(self, root: Path, branch: str, since: str) -> tuple[str, tuple[str, ...]]:
        place = find_place(root)
        tip = _tip(place, branch)
        if not place.commit_at(since):
            raise StaleBase(
                f"commit {since[:12]}, which the session began at, is gone from the repository",
                "the branch was rewritten; start a new session from where it is now",
            )
        here = checkout_of(place, branch)
        dirty = here.dirty() if here is not None else {}
        return tip, tuple(sorted({*place.changed(since, tip), *dirty}))


def _refuse_partial(place: Place) -> None:
    partial = "extensions.partialclone" in place.config or any(
        key.startswith("remote.") and key.endswith((".promisor", ".partialclonefilter")) for key in place.config
    )
    if partial or any((place.objects / "pack").glob("*.promisor")):
        raise WorkspaceError(
            f"{visible(str(place.root))} is a partial clone: some of its files would have to be fetched",
            "make it whole first: git fetch --refetch --no-filter, or work in a full clone",
        )


def _tip(place: Place, branch: str) -> str:
    tip = place.commit_at(f"refs/heads/{branch}")
    if not tip:
        raise StaleBase(
            f"there is no branch {visible(branch)!r} here",
            "see: git branch; make it, or promote onto another (--onto NAME)",
        )
    return tip


def _busy(here: Place, branch: str) -> tuple[Conflict, ...]:
    """Told before anybody is asked for a PIN; the move itself looks again."""
    what = here.busy_with()
    return (Conflict(branch, f"{BUSY} {what}"),) if what else ()


def _ours(repository: SessionRepository) -> GitSessionRepository:
    if not isinstance(repository, GitSessionRepository):
        raise WorkspaceError("this session's repository is of another kind, its objects cannot be brought over")
    return repository


def _tags(place: Place, kind: str, session: str, attempt: int) -> tuple[str, str]:
    session = marked(session, sharing_user(place))
    suffix = f"-{attempt}" if attempt > 1 else ""
    return f"orion-pre-{kind}/{session}{suffix}", f"orion-post-{kind}/{session}{suffix}"


def _plan(
    place: Place, branch: str, old: str, steps: Sequence[tuple[str, str]], tags: tuple[str, str], attempt: int
) -> PromotionPlan:
    """`steps` are a tree and a message for each commit, each on top of the one before."""
    identity = place.identity()
    notices = [_SKIPPED]
    if not identity:
        notices.append(f"git has no name and mail for you here, so the commit is by {ORION_IDENTITY}")
    new = old
    for tree, message in steps:
        new = place.git.text(
            "commit-tree", tree, "-p", new, "-F", "-", stdin=message.encode(), identity=identity or ORION_IDENTITY
        )
    return PromotionPlan(
        attempt=attempt,
        branch=branch,
        old=old,
        new=new,
        pre_tag=tags[0],
        post_tag=tags[1],
        paths=place.changed(old, new),
        checked_out=checkout_of(place, branch) is not None,
        identity=identity or ORION_IDENTITY,
        notices=tuple(notices),
    )


def _shallow(common_dir: Path) -> bytes:
    """Where the history of a shallow clone ends; empty for a whole one."""
    return small_file(common_dir / "shallow", _LONGEST_SHALLOW)


@contextmanager
def _scratch(place: Place) -> Iterator[Git]:
    """A throw-away repository that reads the person's objects and keeps what it makes to itself, so that no driver of
    their configuration runs in a merge."""
    folder = Path(tempfile.mkdtemp(prefix="orion-scratch-"))
    try:
        git = make_bare(folder, place.object_format, attributes=ATTRIBUTES)
        shallow = _shallow(place.common_dir)
        if shallow:
            (folder / "shallow").write_bytes(shallow)
        yield replace(git, alternates=place.objects)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
