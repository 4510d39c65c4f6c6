"""The playbooks that ship, run for real (by `sh -c`, as in a sandbox) on trees that would hurt a careless one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.governance.gate import decide_changes, decide_task
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.actions import RunCommand
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from tests.support.shipped_books import BOOKS, book, carry_out, content, plant


def test_at_least_four_ship_and_each_says_in_its_header_how_to_run_it() -> None:
    assert {"tidy", "test-report", "ruff", "dependency-report"} <= set(BOOKS)
    for name in BOOKS:
        text = (shipped("roles") / "playbooks" / f"{name}.yaml").read_text()
        assert text.startswith("# ")
        assert f"orion work --playbook {name}" in text
        assert book(name).source == f"playbook {name}"


@pytest.mark.role_boundary
@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("role", ["software-engineer", "qa-engineer"])
def test_a_starter_role_runs_them_without_asking(name: str, role: str, tmp_path: Path) -> None:
    library = RoleLibrary(shipped("roles"), tmp_path)
    for task in book(name).tasks:
        verdict = decide_task(library.get(role), task)
        assert verdict.allowed, verdict.message


@pytest.mark.role_boundary
@pytest.mark.parametrize("path", ["docs/test-report.md", "docs/dependency-report.md"])
def test_a_report_is_an_effect_that_is_kept(path: str, tmp_path: Path) -> None:
    role = RoleLibrary(shipped("roles"), tmp_path).get("software-engineer")
    change = FileChange(path, ChangeStatus.ADDED, 0, 0o100644, "", "1" * 40, 100, additions=3)
    assert all(verdict.allowed for verdict in decide_changes(role, ChangeSet("a", "b", (change,))))


def without_pytest(tmp_path: Path) -> dict[str, str]:
    """An environment whose python3 has the standard library and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    (folder / "python3").chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


PACKAGE = {
    "pkg/__init__.py": b'def f(x):\n    if x:\n        return "a|b"\n    return 0\n\n\ndef g():\n    return 1\n',
    "tests/test_f.py": b"""import unittest
from pathlib import Path
from pkg import f
class T(unittest.TestCase):
    def test_good(self):
        self.assertEqual(f(0), 0)
    def test_bad(self):
        self.assertEqual(f(0), 'x|y')
    @unittest.skip('later')
    def test_later(self):
        pass
    def test_writes(self):
        Path('left.txt').write_text('x')
        Path('README').write_text('x')
""",
    "tests/test_g.py": b"import nowhere_to_be_found\n",
    "README": b"hello",
}


def test_the_test_report_needs_nothing_but_the_standard_library_and_leaves_only_itself(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", PACKAGE)
    carry_out("test-report", tree, without_pytest(tmp_path))
    after = content(tree)
    report = after.pop("docs/test-report.md").decode()
    assert after == PACKAGE
    assert "**Result: failed.** 2 passed, 1 failed, 1 errors, 1 skipped (unittest" in report
    assert "x\\|y" in report
    assert "nowhere_to_be_found" in report
    assert "| later |" in report
    assert "The tests wrote 2 files into the tree; that was undone." in report
    assert "| `pkg/__init__.py` | 6 | 4 | 66% | 3, 8 |" in report


def test_the_test_report_uses_pytest_where_it_is(tmp_path: Path) -> None:
    tests = b"import pytest\nfrom pkg import g\ndef test_g():\n    assert g() == 1\n"
    tests += b"@pytest.mark.xfail\ndef test_x():\n    assert 0\n"
    plant(tmp_path, {"pkg/__init__.py": PACKAGE["pkg/__init__.py"], "tests/test_g.py": tests})
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --needs-a-plugin-that-is-not-here\n")
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    carry_out("test-report", tmp_path, environment)
    report = (tmp_path / "docs/test-report.md").read_text()
    assert "**Result: passed.** 1 passed, 1 expected failures (pytest without the project's addopts" in report
    assert "| `pkg/__init__.py` | 6 | 3 | 50% | 2-4 |" in report


def test_the_test_report_says_when_there_is_nothing_to_run(tmp_path: Path) -> None:
    plain, other = without_pytest(tmp_path), tmp_path / "other"
    carry_out("test-report", plant(other, {"main.go": b"package main\n", "go.mod": b"module x\n"}), plain)
    report = (other / "docs/test-report.md").read_text()
    assert "**Result: no test ran.** There is no Python in this repository." in report
    assert "`go.mod` (`go test ./...`)" in report
    functions = plant(tmp_path / "functions", {"test_a.py": b"def test_a():\n    assert 1\n"})
    carry_out("test-report", functions, plain)
    report = (functions / "docs/test-report.md").read_text()
    assert "**Result: no test ran.**" in report
    assert "1 test files hold functions that only pytest runs, and pytest is not in the sandbox: `test_a.py`" in report


def test_the_test_report_survives_tests_that_end_the_process(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", {"test_a.py": b"import os\nos._exit(3)\n"})
    carry_out("test-report", tree, without_pytest(tmp_path))
    assert (
        "**Result: broken.** The process that ran the tests ended with 3" in (tree / "docs/test-report.md").read_text()
    )


@pytest.mark.skipif(shutil.which("ruff", path=str(Path(sys.executable).parent)) is None, reason="ruff is not installed")
def test_ruff_fixes_and_formats(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": b"import os\nx = { 'a':1 }\n"})
    carry_out("ruff", tmp_path, {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"})
    assert content(tmp_path) == {"a.py": b'x = {"a": 1}\n'}


def test_ruff_fails_at_its_first_step_where_it_is_not_there(tmp_path: Path) -> None:
    lint = book("ruff").tasks[0]
    first = (lint.steps or ())[0]
    assert isinstance(first, RunCommand)
    assert not first.allow_failure
    (tmp_path / "bin").mkdir()
    nothing = {"PATH": str(tmp_path / "bin")}
    ran = subprocess.run(["/bin/sh", "-c", first.command], cwd=tmp_path, env=nothing, capture_output=True)
    assert ran.returncode == 127
    assert b"ruff: not found" in ran.stderr or b"ruff: command not found" in ran.stderr


def test_the_dependency_report_reads_the_common_ecosystems(tmp_path: Path) -> None:
    tree = plant(
        tmp_path / "tree",
        {
            "requirements.txt": b"requests==2.31.0\nFoo.Bar[x] >= 2 ; python_version>'3'\n-r more.txt\nloose\n",
            "pyproject.toml": b'[project]\ndependencies=["requests>=2", "p @ git+https://user:word@host/p"]\n',
            "uv.lock": b'[[package]]\nname="requests"\nversion="2.31.0"\n',
            "package.json": b'{"dependencies": {"a|b": "*"}, "devDependencies": {"jest": "^29.0.0"}}',
            "package-lock.json": b'{"packages": {"node_modules/jest": {"version": "29.1.0"},'
            b' "node_modules/x/node_modules/jest": {"version": "28.0.0"}}}',
            "rs/Cargo.toml": b'[dependencies]\nserde = "1.0"\n',
            "go/go.mod": b"module m\nrequire (\n\thost/a v1.2.3\n\thost/b v0.1.0 // indirect\n)\n",
            "java/pom.xml": b'<?xml version="1.0"?><project xmlns="http://m"><dependencies><dependency><groupId>g</groupId>'
            b"<artifactId>a</artifactId><version>1</version></dependency></dependencies></project>",
            "bad/pyproject.toml": b"not toml [",
            "node_modules/x/package.json": b'{"dependencies": {"inner": "1"}}',
        },
    )
    before = content(tree)
    carry_out("dependency-report", tree, without_pytest(tmp_path))
    after = content(tree)
    report = after.pop("docs/dependency-report.md").decode()
    assert after == before
    for row in (
        "| Python | requests | ==2.31.0 | requirements.txt |",
        "| Python | requests | >=2 | pyproject.toml |",
        "| npm | jest | 28.0.0, 29.1.0 |",
        "| Python | loose | nothing said | requirements.txt |",
        "| foo-bar | >= 2 |  |  |",
        "| npm | a\\|b | * | package.json |",
        "| serde | 1.0 |  |  |",
        "| host/b | v0.1.0 | indirect |  |",
        "| g:a | 1 |  |  |",
        "| bad/pyproject.toml | TOMLDecodeError",
    ):
        assert row in report
    assert "inner" not in report
    assert "word" not in report


def test_the_dependency_report_says_when_there_is_nothing(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", {"a.txt": b"x\n"})
    carry_out("dependency-report", tree, without_pytest(tmp_path))
    report = (tree / "docs/dependency-report.md").read_text()
    assert "No manifest or lock file of a known ecosystem in this repository." in report
