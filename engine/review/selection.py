"""What of a session could still be let in, and the tree that comes of taking a part of it.

Every standing promotion has moved the session's base: what it took is no change any more, what it left still is. So a
part that was left out can be promoted later, and one that was undone can be promoted again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.review.hunks import HunkLines, hunks_by_file, partial
from engine.vocabulary.errors import UsageError
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.vocabulary.changes import ChangeSet, FileChange, Hunk
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.sessions import Session

REGULAR = 0o100644


@dataclass(frozen=True, slots=True)
class Choice:
    """`paths` are taken whole, and of other files the `hunks` by id with the numbers of their changed lines (None for
    all of them). Everything is taken when both are None. `resolutions` are a person's own answers to conflicts: the
    content of a path, or None for the session's version of it."""

    paths: Sequence[str] | None = None
    hunks: Mapping[str, Collection[int] | None] | None = None
    resolutions: Mapping[str, bytes | None] = field(default_factory=dict)

    @property
    def everything(self) -> bool:
        return self.paths is None and self.hunks is None


ALL = Choice()


def open_base(session: Session, repository: SessionRepository) -> str:
    """The tree that the session's changes are counted from: its base with what standing promotions took."""
    base = repository.tree_of(session.base_commit)
    for record in session.promotions:
        if record.undone_by:
            continue
        before = record.base or repository.tree_of(session.base_commit)
        after = record.chosen or repository.compose(session.base_commit, record.source, record.paths)
        # Where promotions overlap and one in between was undone, its lines are open again and the rest is as it is.
        base = repository.merge(before, base, after).tree or base
    return base


def open_changes(session: Session, repository: SessionRepository) -> ChangeSet:
    """All changes from there to the tip."""
    return repository.changes(open_base(session, repository), repository.tree_of(session.tip))


def open_hunks(changes: ChangeSet, repository: SessionRepository) -> tuple[Hunk, ...]:
    """The hunks of these changes, file by file."""
    return tuple(each.hunk for _, found in _by_file(changes, repository) for each in found)


def chosen_changes(changes: ChangeSet, choice: Choice, repository: SessionRepository) -> ChangeSet:
    """What taking exactly this does; its `new` is the tree to promote. Raises UsageError for a path, a hunk or a line
    that is not among the changes."""
    if choice.everything:
        return changes
    whole = _known_paths(changes, choice.paths or ())
    files: dict[str, tuple[int, bytes]] = {}
    if choice.hunks:
        parsed = dict(_by_file(changes, repository))
        _check_hunks(parsed, choice.hunks)
        for change in changes.files:
            hunks = parsed.get(change.path, ())
            wanted = {each.hunk.id: choice.hunks[each.hunk.id] for each in hunks if each.hunk.id in choice.hunks}
            if not wanted or change.path in whole:
                continue
            if _is_whole(hunks, wanted):
                whole.append(change.path)
            else:
                files[change.path] = _built(change, hunks, wanted, repository)
    tree = repository.compose(changes.old, changes.new, whole)
    return repository.changes(changes.old, repository.with_files(tree, files) if files else tree)


def restricted(changes: ChangeSet, paths: Sequence[str]) -> ChangeSet:
    """Only the changes of these paths, all of them for none. Raises UsageError for a path that did not change."""
    wanted = set(_known_paths(changes, paths))
    return replace(changes, files=tuple(f for f in changes.files if f.path in wanted)) if paths else changes


def tasks_by_path(session: Session) -> dict[str, tuple[str, ...]]:
    """For each path, the ids of the kept tasks that touched it, in plan order."""
    found: dict[str, tuple[str, ...]] = {}
    for view in session.tasks.values():
        if view.state is TaskState.KEPT:
            for path in view.files:
                found[path] = (*found.get(path, ()), view.task.id)
    return found


def _known_paths(changes: ChangeSet, paths: Sequence[str]) -> list[str]:
    known = {change.path for change in changes.files}
    for path in paths:
        if path not in known:
            hint = nearest(path, known) if known else "everything of it was let in already, or it changed nothing"
            raise UsageError(f"{path} is not among the changed files of this session", hint)
    return list(dict.fromkeys(paths))


def _by_file(changes: ChangeSet, repository: SessionRepository) -> Iterator[tuple[str, tuple[HunkLines, ...]]]:
    if changes.files:
        yield from hunks_by_file(repository.diff(changes.old, changes.new, moves=True), changes)


def _check_hunks(parsed: Mapping[str, Sequence[HunkLines]], wanted: Mapping[str, Collection[int] | None]) -> None:
    known = {each.hunk.id: each.hunk for hunks in parsed.values() for each in hunks}
    for hunk, lines in wanted.items():
        if hunk not in known:
            raise UsageError(f"{hunk} is not a hunk of this session's changes", "see: orion review ID --json")
        for line in lines or ():
            if not 1 <= line <= known[hunk].changed:
                raise UsageError(
                    f"hunk {hunk} has no changed line {line}", f"its changed lines are 1 to {known[hunk].changed}"
                )


def _is_whole(hunks: Sequence[HunkLines], wanted: Mapping[str, Collection[int] | None]) -> bool:
    """Whether nothing of the file is left out."""
    for each in hunks:
        lines = wanted.get(each.hunk.id, ())
        if lines is not None and len(set(lines)) < each.hunk.changed:
            return False
    return True


def _built(
    change: FileChange,
    hunks: Sequence[HunkLines],
    wanted: Mapping[str, Collection[int] | None],
    repository: SessionRepository,
) -> tuple[int, bytes]:
    """The file with a part of its changes; its mode moves with the whole file only, and a file that was moved has what
    stood in it before."""
    old = repository.blob(hunks[0].base) if hunks[0].base else b""
    return change.old_mode or change.new_mode or REGULAR, partial(old, hunks, wanted)
