"""Tests that a change makes weaker are named; ordinary work on tests is not."""

from __future__ import annotations

import pytest

from engine.governance.expectations import recorded, rewritten
from engine.governance.silencing import silenced
from engine.governance.thresholds import relaxed
from engine.governance.weakened import weakened

PYTHON = "def test_a():\n    assert add(1, 2) == 3\n\n\ndef test_b():\n    assert add(2, 2) == 4\n"
SCRIPT = "it('adds', () => {\n  expect(add(1, 2)).toBe(3)\n})\n"
GO = "func TestAdd(t *testing.T) {\n\tif add(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("tests/test_a.py", PYTHON, ""),
        ("tests/test_a.py", PYTHON, PYTHON.split("\n\n\n")[0]),
        ("tests/test_a.py", PYTHON, "@pytest.mark.skip\n" + PYTHON),
        (
            "tests/test_a.py",
            PYTHON,
            PYTHON.replace("assert add(1, 2) == 3", "pytest.skip('later')\n    assert add(1, 2) == 3"),
        ),
        ("tests/test_a.py", PYTHON, PYTHON.replace("add(1, 2) == 3", "True")),
        ("tests/test_a.py", PYTHON, PYTHON.replace("== 3", "== 3 or True")),
        ("tests/conftest.py", "", "def pytest_collection_modifyitems(items):\n    items.clear()\n"),
        ("web/a.spec.ts", SCRIPT, SCRIPT.replace("it(", "it.skip(")),
        ("web/a.spec.ts", SCRIPT, SCRIPT.replace("it(", "xit(")),
        ("web/a.spec.ts", SCRIPT, SCRIPT.replace("add(1, 2)).toBe(3)", "true).toBe(true)")),
        ("add_test.go", GO, GO.replace("{\n\tif", "{\n\tt.Skip()\n\tif")),
        ("tests/lib.rs", "#[test]\nfn a() { assert!(x) }\n", "#[test]\n#[ignore]\nfn a() { assert!(x) }\n"),
        ("src/test/AddTest.java", "@Test\nvoid a() {}\n", "@Disabled\n@Test\nvoid a() {}\n"),
    ],
)
def test_fewer_skipped_steered_and_empty_tests_are_grave(path: str, before: str, after: str) -> None:
    found = weakened(path, before.encode(), after.encode())
    assert found is not None
    assert found.grave
    assert found.message


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("tests/test_a.py", PYTHON, PYTHON + "\n\ndef test_skips_empty_lines():\n    assert parse('\\n') == []\n"),
        ("tests/test_a.py", PYTHON, PYTHON.replace("== 4", "== 2 + 2")),
        ("tests/test_model.py", "", "def test_fit():\n    model.fit(x)\n    assert model.pending == 0\n"),
        ("tests/test_a.py", "", PYTHON),
        ("src/app.py", "assert x\n", "pytest.skip()\n"),
        ("web/a.spec.ts", SCRIPT, SCRIPT + SCRIPT),
    ],
)
def test_ordinary_work_on_tests_is_no_finding(path: str, before: str, after: str) -> None:
    assert weakened(path, before.encode(), after.encode()) is None


def test_fewer_assertions_are_named_but_not_grave() -> None:
    found = weakened("tests/test_a.py", PYTHON.encode(), PYTHON.replace("assert add(1, 2) == 3", "add(1, 2)").encode())
    assert found is not None
    assert not found.grave


HOSTILE = ("\n", " ", "it({\n", "def test(:\n", "a:[", "@a/", "ignore=\n", "catch(", "#", "when(", "'")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", ["tests/test_a.py", "package.json", "ci/run.sh"])
@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_makes_the_reading_slow(path: str, piece: str) -> None:
    """A line of blank ends alone once took minutes."""
    before = b"pytest\n" + (piece * (20_000 // len(piece))).encode()
    after = before + b"x\n"
    for look in (weakened, relaxed, silenced, recorded, rewritten):
        look(path, before, after)


def test_an_assertion_that_reads_otherwise_and_a_record_that_was_changed_are_told() -> None:
    changed = PYTHON.replace("== 3", "== 5").encode()
    told = rewritten("tests/test_a.py", PYTHON.encode(), changed)
    assert told == "an assertion that stood reads otherwise now: `assert add(1, 2) == 3`"
    assert rewritten("tests/test_a.py", PYTHON.encode(), PYTHON.encode() + b"\n\ndef test_c():\n    assert x\n") is None
    assert recorded("web/__snapshots__/a.snap", b"1", b"2")
    assert recorded("web/__snapshots__/a.snap", b"", b"2") is None
    assert recorded("src/a.py", b"1", b"2") is None
