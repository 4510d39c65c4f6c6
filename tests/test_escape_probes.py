"""One table of ways out, tried on every kind of sandbox: none succeeds, and what is counted succeeds outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.escapes.host import Answers, a_host, inside, outside, seen_from_outside, seen_from_outside_of_none
from tests.support.sandboxes import DOCKER, EVERY_KIND, a_box, provider_called

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)
_MEMORY_MIB = 256


@pytest.fixture(scope="module")
def facts() -> Iterator[dict[str, Any]]:
    with a_host("bubblewrap") as made:
        yield made


@pytest.fixture(scope="module")
def controls(facts: dict[str, Any]) -> dict[str, set[str]]:
    """What each probe comes to outside of any sandbox: in the host itself, and as root of namespaces of its own."""
    every: list[Answers] = [seen_from_outside_of_none(_MEMORY_MIB)]
    every += [outside(facts, place) for place in ("host", "namespace")]
    # Some are for containers alone.
    more = {**facts, "kind": DOCKER, "except": [name for answers in every for name in answers]}
    every += [outside(more, place) for place in ("host", "namespace")]
    names = {name for answers in every for name in answers}
    return {name: {answers[name] for answers in every if name in answers} for name in names}


@pytest.mark.parametrize("finder", EVERY_KIND)
def test_none_of_the_ways_out_leads_out(finder: str, facts: dict[str, Any], controls: dict[str, set[str]]) -> None:
    provider = _provider_called(finder)
    if isinstance(provider, str):
        pytest.skip(provider)
    mine = {**facts, "kind": provider.name}
    with a_box(provider, cpus=1.0, memory_mib=_MEMORY_MIB, git_dir=Path(facts["git_dir"])) as box:
        answers = {**inside(box, mine), **seen_from_outside(box, mine, _MEMORY_MIB)}
    assert {name: said for name, said in answers.items() if said not in ("held", "none")} == {}
    counted = [name for name, said in answers.items() if said == "held" and "escaped" in controls[name]]
    assert len(counted) >= 150


@pytest.mark.skipif(os.geteuid() != 0, reason="outside, some of them are for root alone")
def test_control_each_of_them_succeeds_outside_or_finds_nothing_of_the_kind_on_this_machine(
    controls: dict[str, set[str]],
) -> None:
    assert {name: said for name, said in controls.items() if "escaped" not in said and said != {"none"}} == {}
