"""The throw-away repository that commands see as their `GIT_DIR`: one commit, no history, read by nobody outside.

It makes `git status`, `git diff` and `git ls-files` work in a sandbox. It is mounted read-only, so that nothing a
command does can change what the next one, or a check, is told.
"""

from __future__ import annotations

import os
from pathlib import Path

from engine.workspace.git import Git, make_bare

IDENTITY = "Orion <orion@localhost>"
_MESSAGE = "The commit that this session began from"
# Owners and change times differ between the two sides of the sandbox; sizes and contents do not.
# Lines may end as the repository has them: `git diff --check` is about blanks.
_CONFIG = (
    "\tworktree = /workspace\n\tcheckStat = minimal\n\ttrustctime = false\n\thooksPath = /dev/null\n"
    "\twhitespace = cr-at-eol\n"
)


def make_inside(folder: Path, source: Git, tree: str, object_format: str) -> Path:
    """Make it from one tree of the session's repository; the folder. Made once: an existing one is left as it is."""
    if (folder / "index").is_file():
        return folder
    git = make_bare(folder, object_format)
    objects = source.run("rev-list", "--objects", "--no-object-names", tree).out
    pack = source.run("pack-objects", "--stdout", "-q", "--delta-base-offset", stdin=objects).out
    git.run("index-pack", "--stdin", stdin=pack)
    commit = git.text("commit-tree", tree, "-m", _MESSAGE, identity=IDENTITY)
    git.run("update-ref", "refs/heads/orion", commit)
    git.beside(index=folder / "index").run("read-tree", commit)
    config = folder / "config"
    config.write_text(config.read_text().replace("bare = true\n", f"bare = false\n{_CONFIG}"))
    _readable(folder)
    return folder


def _readable(folder: Path) -> None:
    """Whoever the sandbox runs as can read it; the session's folder around it stays closed."""
    for place, folders, files in os.walk(folder):
        for name in folders:
            Path(place, name).chmod(0o755)
        for name in files:
            Path(place, name).chmod(0o644)
    folder.chmod(0o755)
