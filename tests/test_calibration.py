"""What past work says of the next task: approval rates, bands of time, and the evidence of the change itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.planning.calibration import FEW, approval_rate, band, ended, outlook_of, planned, record_of
from engine.vocabulary.actions import ActionClass, RunCommand
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.outlook import (
    Confidence,
    Factor,
    History,
    ReviewVerdict,
    Sample,
    confidence_from_json,
    confidence_to_json,
    outlook_from_json,
    outlook_to_json,
)
from engine.vocabulary.plans import Check, Task

APPROVED, REJECTED, NONE = ReviewVerdict.APPROVED, ReviewVerdict.REJECTED, ReviewVerdict.NONE
TASK = Task("t", "T", confidence=0.9, estimate_s=(80.0, 120.0), checks=(Check("true"),))


def sample(verdict: ReviewVerdict = NONE, ratio: float | None = None, **fields: object) -> Sample:
    taken = None if ratio is None else 100.0 * ratio
    return Sample("engineer", ActionClass.CODE_WRITE, 0.9, verdict, 100.0, taken, **fields)  # type: ignore[arg-type]


def history(*samples: Sample) -> History:
    return History(samples)


def changes(*paths: str, lines: int = 10) -> ChangeSet:
    files = tuple(
        FileChange(path, ChangeStatus.ADDED, 0, 0o100644, "", f"{n:040x}", additions=lines)
        for n, path in enumerate(paths, 1)
    )
    return ChangeSet("old", "new", files)


def test_without_history_a_claim_counts_as_it_is() -> None:
    assert planned(History(), TASK) == Confidence(0.9)


@pytest.mark.parametrize(
    ("approved", "rejected", "rate"), [(0, 0, 1.0), (0, 1, 0.8), (2, 2, 0.6), (0, 5, 0.0), (8, 2, 0.8), (30, 10, 0.75)]
)
def test_the_rate_is_plain_from_five_verdicts_on_and_what_is_missing_counts_as_let_in(
    approved: int, rejected: int, rate: float
) -> None:
    assert approval_rate(approved, rejected) == pytest.approx(rate)


def test_confidence_is_the_claim_times_how_often_such_work_was_let_in() -> None:
    past = history(*[sample(APPROVED)] * 8, *[sample(REJECTED)] * 2, *[sample(NONE)] * 5)
    found = planned(past, TASK)
    assert found.value == pytest.approx(0.72)
    assert found.factors == (Factor("8 of 10 code.write tasks were let in", 0.8),)
    assert planned(past, replace(TASK, action=ActionClass.DOCS_WRITE)).value == 0.9, "another kind of task"


def test_a_playbook_keeps_the_number_that_its_author_wrote() -> None:
    past = history(*[sample(REJECTED)] * 9)
    written = replace(TASK, steps=(RunCommand("true"),), checks=())
    assert planned(past, written).value == 0.9
    assert ended(past, written, 1.0, changes("a.py", lines=9_000)).value == 0.9
    assert outlook_of(past, written).estimate_s == (80.0, 120.0)


def test_under_five_samples_the_band_is_the_estimate_to_twice_the_estimate() -> None:
    assert band(100.0, []) == (100.0, 200.0)
    assert band(100.0, [3.0] * (FEW - 1)) == (100.0, 200.0)
    assert band(None, [1.0] * 9) is None


def test_from_five_samples_on_it_is_the_mean_ratio_and_one_standard_deviation() -> None:
    low, high = band(100.0, [1.0, 2.0, 3.0, 4.0, 5.0]) or (0, 0)
    assert (low, high) == (pytest.approx(300 - 158.1139), pytest.approx(300 + 158.1139))
    assert (band(100.0, [0.1, 0.1, 0.1, 0.1, 9.0]) or (-1, 0))[0] == 0.0, "never less than nothing"


def test_an_outlook_names_what_it_rests_on() -> None:
    past = history(*[sample(ratio=2.0, cost_usd=0.10)] * 5)
    found = outlook_of(past, TASK)
    assert found.estimate_s == (pytest.approx(200.0), pytest.approx(200.0))
    assert found.cost_usd == (pytest.approx(0.10), pytest.approx(0.10))
    assert found.samples == 5
    assert outlook_of(History(), TASK).cost_usd is None
    assert outlook_from_json(outlook_to_json(found)) == found


@pytest.mark.parametrize(
    ("task", "made", "factors"),
    [
        (TASK, changes("a.py"), []),
        (TASK, changes("a.py", "tests/test_a.py", "docs/a.md"), []),
        (replace(TASK, checks=()), changes("a.py"), [0.97]),
        (TASK, changes("a.py", lines=500), [0.95]),
        (TASK, changes("a.py", lines=5_000), [0.85]),
        (TASK, changes(*(f"src/m{n}.py" for n in range(20))), [0.95]),
        (TASK, changes("a.py", "requirements.txt"), [0.95]),
        (replace(TASK, checks=()), ChangeSet("old", "old"), []),
    ],
)
def test_the_change_itself_weighs_in_at_the_end(task: Task, made: ChangeSet, factors: list[float]) -> None:
    found = ended(History(), task, 0.95, made)
    assert [factor.value for factor in found.factors] == factors
    assert found.claimed == 0.9, "the lower of what plan and worker claimed"
    assert confidence_from_json(confidence_to_json(found)) == found


def test_a_record_says_how_a_kind_of_task_went() -> None:
    found = record_of(history(*[sample(APPROVED, 1.0)] * 4, sample(REJECTED, 2.0), sample()), ActionClass.CODE_WRITE)
    assert (found.samples, found.reviewed, found.approved, found.rate) == (6, 5, 4, 0.8)
    assert found.ratio == pytest.approx(1.2)
    assert found.spread == pytest.approx(0.4472, abs=1e-4)
