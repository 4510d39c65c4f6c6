"""The files of one promotion inside a person's git directory, and the locks among them: which are Orion's, who may
remove them, and how long a git that outlives a killed Orion is waited for."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.text import visible
from engine.workspace.beneath import small_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.vocabulary.workspaces import PromotionPlan
    from engine.workspace.place import Place

ORPHAN_WAIT_S = 5.0
"""How long recovery waits for a git that outlives a killed promotion; then it says so, and the next command tries."""


class OwnFiles:
    """The files of one promotion inside the git directory."""

    def __init__(self, here: Place, plan: PromotionPlan) -> None:
        name = plan.pre_tag.replace("/", "-")
        self.marker = here.common_dir / f"{name}.lock"
        self.index = here.git_dir / "index"
        self.lock = here.git_dir / "index.lock"
        self.private = here.git_dir / f"{name}.index"

    def owns_lock(self) -> bool:
        try:
            return self.lock.samefile(self.marker)
        except FileNotFoundError:
            return False

    def clear(self) -> None:
        """Remove what is Orion's, the marker last: as long as it stands, the lock is known to be its."""
        for place in (self.private, self.private.with_name(self.private.name + ".lock")):
            place.unlink(missing_ok=True)
        if self.owns_lock():
            self.lock.unlink()
        self.marker.unlink(missing_ok=True)


@contextmanager
def locked_marker(files: OwnFiles) -> Iterator[int]:
    """The marker, made and locked; it is removed by whoever finishes, not here."""
    try:
        handle = os.open(files.marker, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError as error:
        raise WorkspaceError(
            "an earlier try of this promotion was cut off or is still at work",
            "run any orion command on this session, it puts the repository in order first",
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{visible(str(files.marker.parent))} cannot be written: {error.strerror}",
            "free some space, or see to the permissions; nothing was moved",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def standing_marker(files: OwnFiles) -> Iterator[bool]:
    """The marker of an earlier apply, once nothing of that apply runs any more; false when there is none."""
    try:
        handle = os.open(files.marker, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        _wait_for(handle)
        yield True
    finally:
        os.close(handle)


def _wait_for(handle: int) -> None:
    """Wait for the git of a killed apply, which holds the marker's lock as long as it runs."""
    end = time.monotonic() + ORPHAN_WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise WorkspaceError(
                    "a git that a killed promotion started is still at work",
                    "wait for it, or end it; then run any orion command again",
                ) from error
            time.sleep(0.02)


def take_lock(files: OwnFiles) -> None:
    try:
        os.link(files.marker, files.lock)
    except FileExistsError as error:
        raise WorkspaceError(
            "git is at work in this repository (index.lock is there)",
            "wait for it to end; if no git runs any more, remove the index.lock file and promote again",
        ) from error
    except OSError as error:
        # FAT and some network file systems. Without a link, whose lock it is could not be told after a kill.
        raise WorkspaceError(
            f"git's lock cannot be held here: {files.lock} cannot be a hard link ({error.strerror})",
            "promote onto a branch that is not checked out (--onto NAME), or from a clone on a file system with links",
        ) from error


def drop_ref_locks(here: Place, plan: PromotionPlan, files: OwnFiles) -> None:
    """Locks that a killed `update-ref` of Orion's left. The tags' names are Orion's own. A lock of the branch is when
    it holds the new commit; an empty one of the branch or of HEAD is when it was made while Orion held the index, for
    then no git of somebody else's could move either."""
    for tag in (plan.pre_tag, plan.post_tag):
        (here.common_dir / "refs" / "tags" / f"{tag}.lock").unlink(missing_ok=True)
    for lock in (here.common_dir / "refs" / "heads" / f"{plan.branch}.lock", here.git_dir / "HEAD.lock"):
        with suppress(FileNotFoundError):
            held = small_file(lock).decode(errors="replace").strip()
            young = lock.stat().st_ctime_ns >= files.marker.stat().st_mtime_ns
            if held == plan.new or (not held and young and files.owns_lock()):
                lock.unlink()
