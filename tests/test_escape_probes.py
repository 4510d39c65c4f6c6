"""One table of ways out, tried on every kind of sandbox: none succeeds, and nearly all succeed outside."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.support.escapes.host import a_host, inside, outside, seen_from_outside
from tests.support.sandboxes import EVERY_KIND, a_box, provider_called

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)
_MEMORY_MIB = 256


@pytest.fixture(scope="module")
def facts() -> Iterator[dict[str, Any]]:
    with a_host("bubblewrap") as made:
        yield made


@pytest.mark.parametrize("finder", EVERY_KIND)
def test_none_of_the_ways_out_leads_out(finder: str, facts: dict[str, Any]) -> None:
    provider = _provider_called(finder)
    if isinstance(provider, str):
        pytest.skip(provider)
    mine = {**facts, "kind": provider.name}
    with a_box(provider, cpus=1.0, memory_mib=_MEMORY_MIB) as box:
        answers = {**inside(box, mine), **seen_from_outside(box, mine, _MEMORY_MIB)}
    assert {name: said for name, said in answers.items() if said not in ("held", "none")} == {}
    assert sum(said == "held" for said in answers.values()) >= 150


def test_control_at_least_150_of_them_lead_somewhere_outside(facts: dict[str, Any]) -> None:
    answers = [outside(facts, place) for place in ("host", "namespace")]
    broken = {name: said for each in answers for name, said in each.items() if said.startswith("broken")}
    assert broken == {}
    controlled = {name for each in answers for name, said in each.items() if said == "escaped"}
    assert len(controlled) >= 150
