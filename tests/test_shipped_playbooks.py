"""The playbooks that ship, run for real (by `sh -c`, as in a sandbox) on trees that would hurt a careless one."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.governance.classes import CLASSES
from engine.governance.gate import decide_changes, decide_task
from engine.governance.path_classes import classify_path
from engine.planning.playbook import load_playbook
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.actions import ActionClass, RunCommand
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.plans import Plan

BOOKS = sorted(path.stem for path in (shipped("roles") / "playbooks").glob("*.yaml"))
SYSTEM = {"PATH": os.environ["PATH"], "LANG": "C"}


def book(name: str) -> Plan:
    return load_playbook(shipped("roles") / "playbooks" / f"{name}.yaml")


def carry_out(name: str, tree: Path, environment: Mapping[str, str] = SYSTEM) -> str:
    """Every step and check of every task in order, each of which must succeed; what they said."""
    said = []
    for task in book(name).tasks:
        commands = [step.command for step in task.steps or () if isinstance(step, RunCommand)]
        for command in (*commands, *(check.run for check in task.checks)):
            ran = subprocess.run(["sh", "-c", command], cwd=tree, env=environment, capture_output=True, timeout=120)
            said.append((ran.stdout + ran.stderr).decode())
            assert ran.returncode == 0, said[-1]
    return "\n".join(said)


def checks_pass(name: str, tree: Path) -> bool:
    commands = [check.run for task in book(name).tasks for check in task.checks]
    return all(
        not subprocess.run(["sh", "-c", c], cwd=tree, env=SYSTEM, capture_output=True).returncode for c in commands
    )


def plant(tree: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tree


def content(tree: Path) -> dict[str, bytes]:
    return {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file() and not p.is_symlink()}


Tidied = Callable[[Mapping[str, bytes]], dict[str, bytes]]


@pytest.fixture
def tidied(tmp_path: Path) -> Tidied:
    """Plant files, tidy them, and get what they are then."""

    def run(files: Mapping[str, bytes]) -> dict[str, bytes]:
        tree = tmp_path / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        carry_out("tidy", plant(tree, files))
        return content(tree)

    return run


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


def test_the_check_of_tidy_is_its_step_to_the_letter_but_for_the_mode() -> None:
    (task,) = book("tidy").tasks
    (step,) = task.steps or ()
    assert isinstance(step, RunCommand)
    assert step.command.replace("python3 - fix", "python3 - verify", 1) == task.checks[0].run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a  \nb\t\nc", b"a\nb\nc\n"),
        (b"a\n\n\n", b"a\n"),
        (b"a\n  \n\t\n", b"a\n"),
        (b"a\r\nb\r\nc", b"a\r\nb\r\nc\r\n"),
        (b"a\r\nb \r\nc\n", b"a\r\nb\r\nc\r\n"),
        (b"a\nb\nc\r\n", b"a\nb\nc\n"),
        (b"\xef\xbb\xbfa \n", b"\xef\xbb\xbfa\n"),
        (b"caf\xe9 \nx", b"caf\xe9\nx\n"),
        ("schön \u00a0\n".encode(), "schön \u00a0\n".encode()),
        (b"a \\ \nb\n", b"a \\ \nb\n"),
        (b"", b""),
        (b"\n\n", b"\n\n"),
        (b"a\rb \nc", b"a\rb \nc"),
        (b"\x89PNG \n\x00 ", b"\x89PNG \n\x00 "),
        (b"\xff\xfea\x00 \x00\n\x00", b"\xff\xfea\x00 \x00\n\x00"),
        (b"\x1b[31mred \x1b[0m \n", b"\x1b[31mred \x1b[0m \n"),
        (b"x" * 3_000 + b" ", b"x" * 3_000 + b" "),
        (b"a \n" * 5_001, b"a \n" * 5_001),
    ],
)
def test_tidy_mends_a_text_file_and_nothing_else(tidied: Tidied, before: bytes, after: bytes) -> None:
    assert tidied({"some file.txt": before}) == {"some file.txt": after}


def test_tidy_keeps_the_breaks_of_markdown_and_the_strings_of_python(tidied: Tidied) -> None:
    python = b'def f():\n    """Doc  \n    more"""\n    x = """a  \nb"""  \n    return f"""{x}  \n"""\n'
    after = tidied({"a.md": b"one  \ntwo   \nthree \n  \nend\t\n", "a.py": python, "broken.py": b'x = """ \n'})
    assert after["a.md"] == b"one  \ntwo  \nthree\n\nend\n"
    assert after["a.py"] == b'def f():\n    """Doc\n    more"""\n    x = """a  \nb"""\n    return f"""{x}  \n"""\n'
    assert after["broken.py"] == b'x = """ \n'


def test_tidy_follows_editorconfig_with_sections_globs_and_nesting(tidied: Tidied) -> None:
    config = b"""root = true
[*]
trim_trailing_whitespace = true
[*.{ini,cfg}]
End_Of_Line = CRLF
insert_final_newline = false
[docs/**.rst]
trim_trailing_whitespace = false ; kept
[file{1..3}.txt]
insert_final_newline = false
[{one,two}/keep.txt]
trim_trailing_whitespace = false
[[ab]x.txt]
trim_trailing_whitespace = false
[/top.txt]
trim_trailing_whitespace = false
[{lone}.txt]
trim_trailing_whitespace = false
"""
    after = tidied(
        {
            ".editorconfig": config,
            "a.ini": b"x \ny",
            "docs/deep/a.rst": b"x \n",
            "docs/a.txt": b"x \n",
            "file2.txt": b"x",
            "file4.txt": b"x",
            "one/keep.txt": b"x \n",
            "three/keep.txt": b"x \n",
            "ax.txt": b"x \n",
            "cx.txt": b"x \n",
            "top.txt": b"x \n",
            "sub/top.txt": b"x \n",
            "{lone}.txt": b"x \n",
            "lone.txt": b"x \n",
            "sub/.editorconfig": b"[*.txt]\ninsert_final_newline=false\n",
            "sub/b.txt": b"x ",
            "other/.editorconfig": b"root=true\n[*.ini]\nend_of_line=lf\n",
            "other/a.ini": b"x\r\ny",
            "sub/c.ini": b"x\n",
        }
    )
    assert after["a.ini"] == b"x\r\ny"
    assert after["docs/deep/a.rst"] == b"x \n"
    assert after["docs/a.txt"] == b"x\n"
    assert (after["file2.txt"], after["file4.txt"]) == (b"x", b"x\n")
    assert (after["one/keep.txt"], after["three/keep.txt"]) == (b"x \n", b"x\n")
    assert (after["ax.txt"], after["cx.txt"]) == (b"x \n", b"x\n")
    assert (after["top.txt"], after["sub/top.txt"]) == (b"x \n", b"x\n")
    assert (after["{lone}.txt"], after["lone.txt"]) == (b"x \n", b"x\n")
    assert after["sub/b.txt"] == b"x"
    assert after["other/a.ini"] == b"x\ny\n"
    assert after["sub/c.ini"] == b"x\r\n"
    assert after[".editorconfig"] == config


def test_tidy_follows_gitattributes_for_what_git_stores(tidied: Tidied) -> None:
    attributes = b"""# what git does
* text=auto
*.bat text eol=crlf
*.raw -text
*.blob binary
"with blank.txt" -text
[attr]kept -text
gen/** kept
*.lfs filter=lfs
loose.txt -whitespace
!ignored.txt -text
"""
    mixed = b"x \r\ny\r\n"
    names = ["a.txt", "a.bat", "a.raw", "a.blob", "with blank.txt", "gen/deep/a.c", "a.lfs", "loose.txt", "sub/a.raw"]
    after = tidied({".gitattributes": attributes, "sub/.gitattributes": b"*.raw text\n"} | dict.fromkeys(names, mixed))
    assert after["a.txt"] == after["a.bat"] == after["sub/a.raw"] == b"x\ny\n"
    for name in ("a.raw", "a.blob", "with blank.txt", "gen/deep/a.c", "a.lfs"):
        assert after[name] == mixed, name
    assert after["loose.txt"] == b"x \ny\n"


def test_tidy_leaves_alone_what_depends_on_its_whitespace_or_is_not_its_own(tidied: Tidied) -> None:
    left = {
        "a.patch": b"+ \n", "a.diff": b" \n x \n", "a.csv": b"a, ", "app.min.js": b"x ", "a.snap": b"x ",
        "vendor/a.py": b"x ", "node_modules/p/a.js": b"x ", "tests/fixtures/in.py": b"x ", "tests/data.txt": b"x ",
        "snapshots/a.txt": b"x ", ".hidden/a.py": b"x ", "a.j2": b"x ", "sub/.git/config": b"x ",
        "logo.png": b"text ", "__snapshots__/a.js": b"x ",
    }  # fmt: skip
    after = tidied(left | {"tests/test_a.py": b"x = 1 "})
    assert after.pop("tests/test_a.py") == b"x = 1\n"
    assert after == left


def test_tidy_leaves_alone_every_kind_of_file_whose_change_would_wait_for_a_person(tidied: Tidied) -> None:
    waits = {
        ActionClass.DEPS_CHANGE, ActionClass.SCHEMA_CHANGE, ActionClass.CI_CHANGE, ActionClass.INFRA_CHANGE,
        ActionClass.SECRET_READ, ActionClass.GOVERNANCE_CHANGE,
    }  # fmt: skip
    names = set()
    for entry in CLASSES.values():
        for glob in entry.paths:
            name = (
                re.sub(r"\[[^]]*\]", "1", glob)
                .replace("y*ml", "yml")
                .replace("**", "sub")
                .replace("*", "x")
                .lstrip("/")
            )
            name += "file.py" if name.endswith("/") else ""
            if classify_path(name) in waits:
                names.add(name)
    planted = {name: b"x " for name in names if not any(other.startswith(name + "/") for other in names)}
    assert len(planted) > 200
    assert tidied(planted) == planted


def test_tidy_takes_names_as_they_come_follows_no_link_and_keeps_modes(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside.txt"
    outside.write_bytes(b"x ")
    plant(tree, {"mit Leer/ä 'q' \"\n.txt": b"x ", "run.sh": b"x ", "locked.txt": b"x "})
    (tree / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"x ")
    (tree / "link.txt").symlink_to(outside)
    (tree / "folder").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe.txt")
    (tree / "run.sh").chmod(0o755)
    (tree / "locked.txt").chmod(0o444)
    said = carry_out("tidy", tree)
    assert outside.read_bytes() == b"x "
    assert set(content(tree).values()) == {b"x\n"}
    assert stat.S_IMODE((tree / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "locked.txt").stat().st_mode) == 0o444
    assert "4 files tidied" in said
    assert "run.sh': newline at the end" not in said
    assert "'run.sh': blanks at the end of 1 line, newline at the end" in said


def test_tidy_works_in_rounds_when_there_is_more_than_a_session_may_change(tmp_path: Path) -> None:
    plant(tmp_path, {f"d/{number:03}.txt": b"x " for number in range(400)})
    left = []
    for _ in range(4):
        carry_out("tidy", tmp_path)
        left.append(sum(data == b"x " for data in content(tmp_path).values()))
    assert left == [360, 180, 0, 0]


def test_the_check_of_tidy_fails_where_something_was_left_undone(tmp_path: Path) -> None:
    assert checks_pass("tidy", plant(tmp_path, {"a.txt": b"x\n"}))
    assert not checks_pass("tidy", plant(tmp_path, {"b.txt": b"x "}))


@pytest.mark.slow
def test_tidy_finishes_ten_thousand_files_within_seconds(tmp_path: Path) -> None:
    line = b"def f():\n    return 1\n" * 20
    plant(tmp_path, {f"d{n // 100}/f{n}.py": (b"x \n" if n < 100 else b"") + line for n in range(10_000)})
    (tmp_path / ".editorconfig").write_text("root=true\n[*.{py,js}]\nend_of_line=lf\n[lib/**.js]\nindent_size=2\n")
    # The time limit of `carry_out` is far above; what is held here is that all of it was done.
    assert "100 files tidied" in carry_out("tidy", tmp_path)


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
