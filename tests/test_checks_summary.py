"""`make test` closes with one table, whatever failed on the way."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = Path(__file__).with_name("run_checks.py")
    spec = importlib.util.spec_from_file_location("run_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_checks", module)
    spec.loader.exec_module(module)
    return module


def test_the_summary_names_every_check_and_why_layers_were_skipped(checks: ModuleType) -> None:
    rows = [checks.Row("ruff check", True, 0.2), checks.Row("pytest", False, 61.5, "3 passed, 1 failed, 2 skipped")]
    text = checks.summary(rows, ["skipped 2: no Docker engine answers"])
    assert "ruff check  ok          0.2 s" in text
    assert "pytest      FAILED     61.5 s  3 passed, 1 failed, 2 skipped" in text
    assert "skipped 2: no Docker engine answers" in text
    assert text.endswith("1 of 2 checks failed")


def test_a_failing_check_shows_its_output_and_a_passing_one_does_not(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not checks.run_static("bad", ("json.tool", "/nowhere")).passed
    assert checks.run_static("good", ("json.tool", "--help")).passed
    shown = capsys.readouterr().out
    assert "FAILED bad" in shown
    assert "/nowhere" in shown
    assert shown.endswith("ok     good\n")


def test_the_counts_and_reasons_come_from_what_pytest_reported(
    checks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_three.py").write_text(
        "import pytest\n"
        "def test_a(): pass\n"
        "def test_b(): assert False\n"
        "@pytest.mark.skip(reason='no engine here')\ndef test_c(): pass\n"
    )
    monkeypatch.setattr(checks, "REPORT", tmp_path / "reports" / "tests.xml")
    row, skipped = checks.run_tests(["--rootdir", str(tmp_path), "-c", "/dev/null", str(tmp_path / "test_three.py")])
    assert not row.passed
    assert row.detail == "1 passed, 1 failed, 1 skipped"
    assert skipped == ["skipped 1: no engine here"]
