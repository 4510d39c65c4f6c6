"""The engine's own evidence: commands run on a fresh checkout of exactly the tree that would be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session.hands import DEFAULT_TIMEOUT_S, Hands
from engine.vocabulary.errors import Cancelled
from engine.vocabulary.events import EventKind
from engine.vocabulary.runs import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.bench import Bench
    from engine.session.observing import Observation
    from engine.vocabulary.plans import Check
    from engine.vocabulary.runs import RunResult


def _run(bench: Bench, check: Check, tree: str, timeout_s: float) -> RunResult:
    folder = bench.repository.check_out(tree)
    return bench.sandbox.run(check.run, timeout_s=timeout_s, stop=bench.stop, tree=folder)


def verify(
    bench: Bench, hands: Hands, task: str, tree: str, checks: Sequence[Check]
) -> tuple[Check, Observation] | None:
    """Run the checks in order, each on a checkout of its own, and record them; the first that fails, or None. Raises
    Cancelled when the session was stopped meanwhile."""
    for check in checks:
        timeout_s = min(check.timeout_s or DEFAULT_TIMEOUT_S, max(bench.time_left_s(), 1.0))
        result = _run(bench, check, tree, timeout_s)
        if result.restarted:
            # Nothing of the first try is left, so it can be run again on a checkout of its own.
            result = _run(bench, check, tree, timeout_s)
        if result.outcome is Outcome.STOPPED:
            raise Cancelled
        seen = hands.told(result, timeout_s)
        bench.ledger.record(
            EventKind.CHECK,
            task=task,
            run=check.run,
            exit=seen.exit,
            passed=seen.ok,
            outcome=seen.outcome.value,
            duration_s=round(seen.duration_s, 3),
            output=seen.output,
            excerpt=seen.excerpt,
            tree=tree,
        )
        if not seen.ok:
            return check, seen
    return None
