"""The house stands: imports run downward, and the engine knows no screen."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    "engine.vocabulary": 0,
    "engine.documents": 1,
    "engine.document_faults": 1,
    "engine.governance": 1,
    "engine.roles": 1,
    "engine.planning": 1,
    "engine.session": 2,
    "engine.review": 2,
    "engine.sandboxes": 3,
    "engine.models": 3,
    "engine.workspace": 3,
    "engine.storage": 3,
    "engine.access": 3,
    "engine.facade": 4,
    "engine.engine": 4,
    "engine.build": 4,
    "engine.detached": 4,
    "orion_tui": 5,
}
OPEN_TO_THE_APP = ("engine.engine", "engine.build", "engine.vocabulary", "engine")
COMPOSES = ("engine.facade", "engine.engine", "engine.build", "engine.detached", "orion_tui")
MODULES = sorted(
    path for top in ("engine", "orion_tui") for path in (ROOT / top).rglob("*.py") if "_data" not in path.parts
)


def floor_of(module: str) -> int:
    matches = [floor for name, floor in FLOORS.items() if module == name or module.startswith(f"{name}.")]
    if not matches:
        pytest.fail(f"{module} stands on no floor: give it one in tests/test_floors.py and docs/architecture.md")
    return max(matches)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the floor"
            module = node.module or ""
            names = [alias.name for alias in node.names if not alias.name.startswith("__")]
            yield from (f"engine.{name}" for name in names) if module == "engine" else (module,)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downward(path: Path) -> None:
    name = name_of(path)
    if name in ("engine", "orion_tui"):
        return
    for module in imported(path):
        if not module.startswith(("engine", "orion_tui")):
            continue
        assert floor_of(module) <= floor_of(name), f"{name} imports {module}, which stands higher"


@pytest.mark.parametrize("path", sorted((ROOT / "orion_tui").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_app_talks_to_the_facade_only(path: Path) -> None:
    for module in imported(path):
        if module.startswith("engine"):
            assert module == "engine" or module.startswith(OPEN_TO_THE_APP[:3]), (
                f"{path.name} goes past the facade: {module}"
            )


def test_the_vocabulary_needs_nothing_but_the_standard_library() -> None:
    for path in (ROOT / "engine" / "vocabulary").rglob("*.py"):
        for module in imported(path):
            top = module.partition(".")[0]
            assert top in sys.stdlib_module_names or module.startswith("engine.vocabulary"), f"{path.name}: {module}"


def test_pure_floors_and_sessions_know_no_adapter() -> None:
    adapters = ("engine.sandboxes", "engine.models", "engine.workspace", "engine.storage", "engine.access")
    for path in MODULES:
        name = name_of(path)
        if name == "engine" or name.startswith((*adapters, *COMPOSES)):
            continue
        for module in imported(path):
            assert not module.startswith(adapters), f"{name} imports the adapter {module}"


def test_the_engine_loads_no_screen() -> None:
    script = "import sys, engine.build; print(sorted({'textual', 'rich', 'click', 'orion_tui'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_grows_past_one_story() -> None:
    long = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}
