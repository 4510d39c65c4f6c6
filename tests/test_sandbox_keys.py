"""Keys of this machine are nowhere in a sandbox: planted in every place that Orion has to do with, and then everything
that can be read inside is searched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.build import build
from tests.support.sessions import playbook, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

KINDS = ("bubblewrap", pytest.param("docker", marks=pytest.mark.docker))
PLACES = ("variable", "argument", "file of the home folder", "file of Orion's home", "remote", "ignored file")

# Reads what there is below the folders that are named, and what the kernel says of every process; prints the lines
# with the marker. The system's own folders are read-only and the same for everybody.
SEARCH = """
import json, os, stat, sys
marker, found, read = sys.argv[1][::-1].encode(), set(), 0
skipped = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/sys", "/proc", "/dev"}

def look(path):
    global read
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
        with open(path, "rb") as file:
            data = file.read(4 << 20)
    except OSError:
        return
    read += 1
    for at in range(data.count(marker)):
        start = data.find(marker, 0 if not at else start + 1)
        found.add(data[start:start + 60].split(b"|")[1].decode())

for top in sys.argv[2:]:
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
        for name in files:
            look(os.path.join(folder, name))
for pid in filter(str.isdecimal, os.listdir("/proc")):
    for name in ("environ", "cmdline", "mountinfo", "comm", "status"):
        look(f"/proc/{pid}/{name}")
    try:
        for number in os.listdir(f"/proc/{pid}/fd"):
            look(os.path.realpath(f"/proc/{pid}/fd/{number}"))
    except OSError:
        pass
print(json.dumps({"found": sorted(found), "read": read}))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_no_key_of_this_machine_is_anywhere_that_can_be_read_inside(
    kind: str, repository: Path, tmp_path: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = uuid.uuid4().hex
    key = {place: f"{marker}|{place}|end" for place in PLACES}
    home, orion = Path(os.environ["HOME"]), Path(os.environ["ORION_HOME"])
    orion.mkdir(mode=0o700)
    monkeypatch.setenv("OPENAI_API_KEY", key["variable"])
    (home / ".netrc").write_text(f"machine x password {key['file of the home folder']}\n")
    (orion / "notes.txt").write_text(key["file of Orion's home"])
    git(repository, "remote", "add", "origin", f"https://user:{key['remote']}@example.org/x.git")
    (repository / ".git/info/exclude").write_text(".env\n")
    (repository / ".env").write_text(f"KEY={key['ignored file']}\n")
    (repository / "search.py").write_text(SEARCH)
    git(repository, "add", "search.py")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "search")
    command = [sys.executable, str(repository / "search.py"), marker[::-1]]
    holder = [sys.executable, "-c", "input()", key["argument"]]
    with subprocess.Popen(holder, stdin=subprocess.PIPE) as argued:
        outside = subprocess.run([*command, str(home), str(repository)], capture_output=True, text=True, check=True)
        engine = build(orion)
        try:
            # The search must not hold what it looks for, so it is told the marker backwards.
            step = {"run": f"python3 search.py {marker[::-1]} / > found.txt"}
            session = worked(engine, repository, playbook(tmp_path, {"id": "a", "steps": [step]}))
            assert session.sandbox == kind
            assert states(session) == {"a": "kept"}
            diff = engine.review.diff(session.id).decode()
        finally:
            engine.close()
            argued.communicate(b"\n")
    assert json.loads(outside.stdout)["found"] == sorted(PLACES), "the control finds every one"
    (said,) = [json.loads(line[1:]) for line in diff.splitlines() if line.startswith('+{"found"')]
    assert said["found"] == []
    assert said["read"] > 20, "it did read things"
