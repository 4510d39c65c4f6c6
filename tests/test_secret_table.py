"""Every line of the table finds what it describes: texts are made from its own pattern. An anchor with a slip, or a
check that holds of no such token, would make a line silent for good."""

from __future__ import annotations

import pytest

from engine.governance.secret_rules import RuleIndex, SecretRule, index_of, rules
from engine.governance.secrets import scan
from tests.support.drawn import drawn

_PROVIDERS = [rule for rule in rules() if not rule.general]


def _finds(rule: SecretRule, alone: RuleIndex, token: str) -> bool:
    named = rule.near or (() if any(text in token.lower().encode() for text in rule.texts) else rule.texts)
    before = named[0].decode() + " said: " if named else ""
    return any(hit.rule == rule.name for hit in scan(f"{before}{token}\n".encode(), known=alone))


@pytest.mark.parametrize("rule", _PROVIDERS, ids=lambda rule: rule.name)
def test_a_line_of_the_table_finds_what_its_pattern_makes(rule: SecretRule) -> None:
    pattern, alone = rule.pattern.decode(), index_of((rule,), ())
    missed = [token for seed in range(8) if not _finds(rule, alone, token := drawn(pattern, f"{seed} {pattern}"))]
    # By chance one may hold what placeholders hold; where it must look random as well, some do not.
    assert len(missed) <= (2 if rule.check in ("random", "dense") else 1), missed[:2]
