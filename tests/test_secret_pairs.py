"""Random letters told from what people write, and what that finds behind a name."""

from __future__ import annotations

import random
import string

import pytest

from engine.governance.secret_pairs import surprise
from engine.governance.secrets import scan

ALPHABETS = {
    "small letters": string.ascii_lowercase,
    "capitals": string.ascii_uppercase,
    "letters": string.ascii_letters,
    "small letters and digits": string.ascii_lowercase + string.digits,
    "letters and digits": string.ascii_letters + string.digits,
    "base64": string.ascii_letters + string.digits + "+/",
}
WRITTEN = (
    "getUserTokenFromRequest",
    "AWS_SECRET_ACCESS_KEY",
    "correct-horse-battery-staple",
    "internationalisation",
    "src/session/tokens.py",
    "PARTITION_REASSIGNMENT",
    "unauthenticated_requests_total",
)


def _drawn(alphabet: str, length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
def test_what_a_machine_drew_surprises_and_is_found_behind_a_name(alphabet: str) -> None:
    drawn = [_drawn(alphabet, 20, seed) for seed in range(60)]
    assert sum(surprise(value) >= 20 for value in drawn) >= 55
    assert sum(bool(scan(f'quorvex_token = "{value}"\n'.encode())) for value in drawn) >= 58


@pytest.mark.parametrize("text", WRITTEN)
def test_what_people_write_does_not_surprise_and_is_no_secret(text: str) -> None:
    assert surprise(text) < 5
    assert not scan(f'quorvex_token = "{text}"\n'.encode())


def test_nothing_and_signs_surprise_nobody() -> None:
    assert surprise("") == 0
    assert surprise("--..//__") == 0
