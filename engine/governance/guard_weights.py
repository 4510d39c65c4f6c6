"""How much each feature of a text counts in the guard's score. Written by `benchmarks/fit_guard.py`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "drop": 5.035,
        "rules": 3.798,
        "before": 1.062,
        "now": 0.540,
        "you": 3.000,
        "you_are": 2.311,
        "must": -0.388,
        "pretend": 0.921,
        "machine": 2.297,
        "free": 0.776,
        "morals": -0.066,
        "answer": 2.693,
        "exact": 0.632,
        "secret": 3.732,
        "system": 0.815,
        "convince": -0.271,
        "define": -2.146,
        "opinion": 0.992,
        "imperative": 0.303,
        "you_are_now": -3.107,
        "from_now": 1.971,
        "my_rule": 3.582,
        "fence": 2.327,
        "turn": -3.856,
        "close_quote": 2.506,
        "brackets": 1.309,
        "shouting": 3.575,
        "long_word": 3.140,
        "quoted": 0.526,
        "doubled": 0.810,
        "numbered": 0.349,
        "question": 0.546,
        "first_person": -0.658,
        "commit": -4.724,
        "code_mark": -1.684,
        "length": -2.000,
        "paragraphs": -2.974,
        "rule": 0.767,
        "drop_rules": -0.496,
        "you_machine": 1.139,
        "not_ascii": 4.317,
        "symbols": 4.093,
        "constant": -1.857,
    }
)
