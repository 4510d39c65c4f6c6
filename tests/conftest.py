"""What all tests share: real repositories, a home of their own, and a word on every layer that could not run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LAYERS = ("mock_llm", "docker", "sandbox", "role_boundary", "e2e", "slow", "local_model", "keychain")


def _why_no_sandbox() -> str:
    from engine.sandboxes.bubblewrap import BubblewrapProvider

    status = BubblewrapProvider().probe()
    return "" if status.available else f"no bubblewrap sandbox here: {status.detail}"


def _why_no_docker() -> str:
    from tests.support.sandboxes import DOCKER, provider_called

    found = provider_called(DOCKER)
    return found if isinstance(found, str) else ""


def _why_no_local_model() -> str:
    from tests.support.local_model import why_none

    return why_none()


def why_no_keychain() -> str:
    """Empty where a Secret Service can be started for a test."""
    missing = [name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None]
    return f"no Secret Service can be started here: {', '.join(missing)} missing" if missing else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, saying why; with ORION_REQUIRE such a skip is a failure."""
    required = {name for name in os.environ.get("ORION_REQUIRE", "").split(",") if name}
    unknown = required - set(LAYERS)
    if unknown:
        raise pytest.UsageError(f"ORION_REQUIRE names unknown layers: {', '.join(sorted(unknown))}")
    reasons = {
        "sandbox": _why_no_sandbox() if any(item.get_closest_marker("sandbox") for item in items) else "",
        "docker": _why_no_docker() if any(item.get_closest_marker("docker") for item in items) else "",
        "keychain": why_no_keychain(),
        "local_model": _why_no_local_model(),
    }
    for layer, reason in reasons.items():
        if not reason:
            continue
        if layer in required:
            raise pytest.UsageError(f"ORION_REQUIRE={layer}, but {reason}")
        for item in items:
            if item.get_closest_marker(layer):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _no_docker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests that say so use the machine's Docker engine: elsewhere the choice of a sandbox must not depend on what
    else runs here."""
    if not request.node.get_closest_marker("docker"):
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the home or the git configuration of whoever runs it."""
    place = tmp_path_factory.mktemp("own")
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("ORION_HOME", str(place / ".orion"))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "XDG_CONFIG_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder as the user of the repository would; its output."""

    def run(folder: Path, *args: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *args], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A small repository of a user, its path with spaces and letters beyond ASCII."""
    root = tmp_path / "my repo ünï"
    (root / "src").mkdir(parents=True)
    (root / "README.md").write_text("# Sample\n\nText with a trailing space. \n")
    (root / "src" / "app.py").write_text("def add(a, b):\n    return a - b\n")
    (root / "test_app.py").write_text(
        "import sys, unittest\nsys.path.insert(0, 'src')\nfrom app import add\n\n\n"
        "class Adds(unittest.TestCase):\n    def test_it_adds(self):\n        self.assertEqual(add(2, 3), 5)\n"
    )
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An Orion home of the test's own."""
    return tmp_path / "orion-home"


@pytest.fixture
def engine(home: Path) -> Iterator[object]:
    """The real engine with its real adapters."""
    from engine.build import build

    opened = build(home)
    yield opened
    opened.close()
