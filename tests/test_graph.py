"""The order of a plan's tasks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.planning.graph import check_plan, dependents, ordered, ready
from engine.vocabulary.errors import PlanError
from engine.vocabulary.plans import Plan, Task, TaskState


def plan_of(**needs: str) -> Plan:
    return Plan("goal", tuple(Task(name, name, tuple(needed.split())) for name, needed in needs.items()))


DIAMOND = plan_of(a="", b="a", c="a", d="b c", e="")


def test_a_plan_without_faults_passes() -> None:
    check_plan(DIAMOND)


def test_a_cycle_is_named_from_its_first_task_on() -> None:
    with pytest.raises(PlanError) as caught:
        check_plan(plan_of(x="", a="c x", b="a", c="b", d="a"))
    (problem,) = caught.value.problems
    assert problem.message == "the tasks depend on each other in a circle: a → c → b → a"
    assert problem.field == "tasks[1].depends_on"


def test_a_task_that_needs_itself_and_a_second_circle_are_both_named() -> None:
    with pytest.raises(PlanError) as caught:
        check_plan(plan_of(a="a", b="c", c="b"))
    assert [problem.message.partition(": ")[2] for problem in caught.value.problems] == ["a → a", "b → c → b"]


def test_an_unknown_dependency_offers_the_nearest_task() -> None:
    with pytest.raises(PlanError) as caught:
        check_plan(plan_of(lint="", test="lnit"))
    (problem,) = caught.value.problems
    assert problem.message == "'test' depends on 'lnit', which is no task of this plan"
    assert problem.field == "tasks[1].depends_on[0]"
    assert problem.hint == "did you mean 'lint'?"


def test_an_id_that_stands_twice_and_an_empty_plan_are_refused() -> None:
    with pytest.raises(PlanError, match="stands twice, in tasks 1 and 3"):
        check_plan(Plan("goal", (Task("a", "A"), Task("b", "B"), Task("a", "C"))))
    with pytest.raises(PlanError, match="at least one task"):
        check_plan(Plan("goal", ()))


def test_a_task_is_ready_once_everything_it_needs_is_kept() -> None:
    assert ready(DIAMOND, {}) == ("a", "e")
    assert ready(DIAMOND, {"a": TaskState.RUNNING}) == ("e",)
    assert ready(DIAMOND, {"a": TaskState.KEPT, "e": TaskState.FAILED}) == ("b", "c")


@pytest.mark.parametrize("state", [state for state in TaskState if state is not TaskState.KEPT])
def test_nothing_but_a_kept_task_lets_its_dependents_run(state: TaskState) -> None:
    assert "d" not in ready(DIAMOND, {"a": TaskState.KEPT, "b": TaskState.KEPT, "c": state})


def test_dependents_are_those_that_need_a_task_through_others_too() -> None:
    assert dependents(DIAMOND, "a") == ("b", "c", "d")
    assert dependents(DIAMOND, "e") == ()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_plan_without_a_circle_is_ordered_and_keeps_the_written_order_where_it_can(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    needs = [data.draw(st.sets(st.integers(0, index - 1))) if index else set() for index in range(size)]
    shuffled = data.draw(st.permutations(range(size)))
    plan = Plan("goal", tuple(Task(str(i), "t", tuple(str(n) for n in sorted(needs[i]))) for i in shuffled))
    check_plan(plan)
    order = [task.id for task in ordered(plan)]
    assert sorted(order) == sorted(task.id for task in plan.tasks)
    for task in plan.tasks:
        assert all(order.index(needed) < order.index(task.id) for needed in task.depends_on)


def test_a_long_chain_needs_no_deep_stack() -> None:
    plan = Plan("goal", tuple(Task(f"t{i}", "t", (f"t{(i + 1) % 3_000}",)) for i in range(3_000)))
    with pytest.raises(PlanError, match="circle"):
        check_plan(plan)
