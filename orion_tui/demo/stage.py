"""Set the scene: a folder with a home of its own, a sample repository, a recording as its model, and a PIN."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from engine.vocabulary.errors import UsageError, WorkspaceError

GOAL = "Fix the cent that split_bill loses, test its edges, show in the README how to use it, and get 1.1.0 ready"
PIN = "271845"
CONFIGURATION = """\
# Made by `orion demo`. The model is a recording written by hand.
default_model: recording
default_role: software-engineer
models:
  recording: {api: replay, file: recording.jsonl}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it all is. `pin` guards nothing but this sample."""

    folder: Path
    home: Path
    workspace: Path
    pin: str = PIN


def set_stage(folder: Path | None = None) -> Stage:
    """Make the home and the sample repository in `folder` (a new temporary one when None). Raises UsageError when the
    folder has something in it, WorkspaceError when git fails."""
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="orion-demo-"))
    else:
        folder = folder.expanduser().absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is there already and not empty", "name a folder that does not exist yet")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stage = Stage(folder, folder / "home", folder / "tally")
    _make_home(stage.home)
    _make_repository(stage.workspace)
    return stage


def _make_home(home: Path) -> None:
    home.mkdir(mode=0o700)
    for name, text in (("recording.jsonl", _data("recording.jsonl")), ("config.yaml", CONFIGURATION)):
        (home / name).touch(mode=0o600)
        (home / name).write_text(text, encoding="utf-8")


def _make_repository(folder: Path) -> None:
    import yaml

    sample = yaml.safe_load(_data("sample.yaml"))
    for name, content in sample["files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        if name in sample["executable"]:
            path.chmod(0o755)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Sample Developer")
    git(folder, "config", "user.email", "developer@sample.invalid")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "tally 1.0.0")


def git(folder: Path, *arguments: str) -> str:
    """What git prints. It sees nothing of the person's own configuration. Raises WorkspaceError."""
    program = shutil.which("git")
    if program is None:
        raise WorkspaceError("git is not installed", "install git, for example: apt install git")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_PAGER": "cat"}
    done = subprocess.run(
        [program, "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WorkspaceError(f"git {arguments[0]} failed in {folder}: {done.stderr.strip()}", "see what git says")
    return done.stdout


def _data(name: str) -> str:
    return files("orion_tui.demo").joinpath(name).read_text("utf-8")
