"""The table of actions: one source for keys, footer, palette and help."""

from __future__ import annotations

from collections import Counter

import pytest

from orion_tui.actions import ACTS, act_for_key, act_named, acts_for, bindings_for, reason_off
from orion_tui.acts.act import EVERYWHERE
from orion_tui.acts.needs import NEEDS
from orion_tui.routes import ROUTES, make_screen
from orion_tui.widgets.footer import laid_out

ALL_FACTS = frozenset(NEEDS)


def test_every_act_has_words_for_its_key_its_label_and_its_help():
    for act in ACTS:
        assert act.key
        assert act.label
        assert act.help[0].isupper(), act.id
        assert not act.help.endswith("."), act.id


def test_act_ids_are_unique():
    assert [name for name, times in Counter(act.id for act in ACTS).items() if times > 1] == []


def test_every_condition_has_a_sentence_that_says_why():
    assert {need for act in ACTS for need in act.needs} <= set(NEEDS)


def test_every_screen_of_an_act_exists():
    assert {screen for act in ACTS for screen in act.screens} - {EVERYWHERE} <= set(ROUTES)


@pytest.mark.parametrize("screen", sorted(ROUTES))
def test_every_act_of_a_screen_can_be_done_by_the_screen_or_the_app(screen):
    from importlib import import_module

    from orion_tui.app import OrionApp

    module, name = ROUTES[screen]
    kind = getattr(import_module(module), name)
    missing = [
        a.id for a in acts_for(screen) if not hasattr(kind, f"do_{a.id}") and not hasattr(OrionApp, f"do_{a.id}")
    ]
    assert missing == []


@pytest.mark.parametrize("screen", sorted(ROUTES))
def test_a_screen_binds_every_key_of_its_acts(screen):
    assert {binding.key for binding in bindings_for(screen)} == {act.key for act in acts_for(screen)}


@pytest.mark.parametrize("screen", sorted(ROUTES))
def test_two_acts_share_a_key_only_when_their_conditions_tell_them_apart(screen):
    keys = Counter(act.key for act in acts_for(screen))
    for key in (key for key, times in keys.items() if times > 1):
        needs = [set(act.needs) for act in acts_for(screen) if act.key == key]
        assert all(needs), (screen, key)
        assert len({frozenset(need) for need in needs}) == len(needs), (screen, key)


def test_a_shared_key_means_the_act_whose_condition_holds():
    assert act_for_key("monitor", "p", frozenset({"engine", "running"}))[0] == act_named("pause")
    assert act_for_key("monitor", "p", frozenset({"engine", "resumable"}))[0] == act_named("resume")


def test_a_key_that_is_off_says_why():
    act, why = act_for_key("monitor", "C", frozenset({"engine"}))
    assert act == act_named("cancel")
    assert why == NEEDS["unfinished"]


def test_nothing_is_off_when_every_condition_holds():
    assert [act.id for act in ACTS if reason_off(act, ALL_FACTS)] == []


def test_the_keys_of_the_specification_mean_the_same_everywhere():
    meanings = {"a": "a decision", "q": "away", "d": "the diff", "r": "a refusal"}
    words = {"a": ("approve", "accept"), "q": ("back", "quit"), "d": ("diff", "review", "diff/files"), "r": ("reject",)}
    for act in ACTS:
        if act.key in meanings:
            assert act.label in words[act.key], act.id


def test_the_footer_of_a_narrow_terminal_still_offers_the_list_of_keys():
    acts = acts_for("monitor")
    for width in (20, 40, 80, 120):
        lines = laid_out(acts, width)
        assert len(lines) <= 3
        assert any(act.id == "keys" for line in lines for act in line), width
        for line in lines:
            assert sum(len(act.shown_key) + 1 + len(act.label) for act in line) + 2 * (len(line) - 1) <= max(width, 20)


def test_screens_are_made_by_name():
    assert make_screen("monitor", session="s001").NAME == "monitor"
