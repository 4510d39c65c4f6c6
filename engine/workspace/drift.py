"""Watching a person's work tree while a session runs, so that drift is seen when it happens."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DEBOUNCE_MS = 400
_STEP_MS = 50


def watch(root: Path, stop: Event, moved: Callable[[frozenset[str]], None]) -> Thread:
    """Start a thread that calls `moved` with the paths (relative to `root`, git's own left out) that changed, in groups
    of up to 0.4 s, until `stop` is set. The caller owns the thread and joins it."""
    thread = Thread(target=_watch, args=(root, stop, moved), name=f"orion-drift-{root.name}", daemon=True)
    thread.start()
    return thread


def _watch(root: Path, stop: Event, moved: Callable[[frozenset[str]], None]) -> None:
    from watchfiles import watch as watch_files

    try:
        for changes in watch_files(
            root,
            stop_event=stop,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            rust_timeout=500,
            yield_on_timeout=False,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            paths = frozenset(filter(None, (_below(root, path) for _, path in changes)))
            if paths:
                moved(paths)
    except (OSError, RuntimeError):
        # No watch to be had (too many, or a file system without): drift is still checked every few tasks.
        return


def _below(root: Path, path: str) -> str:
    try:
        inner = Path(path).relative_to(root)
    except ValueError:
        return ""
    return "" if inner.parts[:1] == (".git",) else str(inner)
