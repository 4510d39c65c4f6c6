"""Writing a playbook, running it on a repository, and hashing what must not change."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import yaml

from engine.engine import Engine
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, Session

PIN = "493817"
TIMEOUT_S = 120.0


def playbook(folder: Path, *tasks: dict[str, Any], name: str = "sample", goal: str = "Make it better") -> Path:
    """A playbook file with these tasks; a task without steps gets one that does nothing."""
    written = [{"title": f"Task {task['id']}", "steps": [{"run": "true"}], **task} for task in tasks]
    path = folder / f"{name}.yaml"
    # Through JSON, so that the same value in two places is not written as an anchor, which playbooks do not allow.
    plain = json.loads(json.dumps({"name": name, "goal": goal, "tasks": written}))
    path.write_text(yaml.safe_dump(plain, sort_keys=False))
    return path


def created(
    engine: Engine, workspace: Path, file: Path, *, role: str = "", limits: Limits | None = None, sandbox: str = ""
) -> str:
    """A stored session that nobody runs yet."""
    request = SessionRequest(workspace=workspace, playbook=file, role=role, limits=limits, sandbox=sandbox)
    return engine.sessions.create(engine.sessions.propose(request))


def worked(engine: Engine, workspace: Path, file: Path, *, role: str = "", limits: Limits | None = None) -> Session:
    """A session run to its end in this process."""
    session = created(engine, workspace, file, role=role, limits=limits)
    engine.sessions.start(session)
    return engine.sessions.wait(session, TIMEOUT_S)


def resumed(engine: Engine, session: str) -> Session:
    engine.sessions.resume(session)
    return engine.sessions.wait(session, TIMEOUT_S)


def states(session: Session) -> dict[str, str]:
    """Each task's state by its id."""
    return {key: view.state.value for key, view in session.tasks.items()}


def fingerprint(root: Path) -> dict[str, str]:
    """Every file below a folder, git's own included, by content, mode and time of change."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            about = f"{status.st_mode:o} {status.st_mtime_ns} {hashlib.sha256(content).hexdigest()}"
            found[str(path.relative_to(root))] = about
    return found
