"""Whether a value looks like a secret: random enough, and neither a placeholder nor a reference to one."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from engine.governance.secret_pairs import is_drawn, surprise

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z")
_HEX = re.compile(r"(?:[0-9a-f]+|[0-9A-F]+)\Z")
_DUMMY = re.compile(
    r"\bexample|example(?:key)?\Z|change[_-]?me|placeholder|your[_\-]|dummy|redacted|\*\*\*|\.\.\.|<|\$\{|\{\{|%\(|_here\b|put_your|insert|"
    r"(.)\1{7}|abcdefghijklmnopqrst|lorem|(?:xxx|XXX|x-x|X-X){2}|0123456789abcdef|deadbeef",
    re.IGNORECASE,
)
# What no key is that only its name announces: of a manual, a set of characters, the form of a date, a type.
_DESCRIBED = re.compile(r"EXAMPLE|a-z(?:A-Z|0-9)|A-Z(?:a-z|0-9)|0-9(?:a-z|A-Z)|%[A-Za-z][-/:T .]?%[A-Za-z]|::[A-Za-z]")
_WEAK = re.compile(
    r"fake|sample|replace|todo|undefined|none|null|foobar|0000000|1234567|abcdefg|default|getenv|environ|config|param|"
    r"setting|args|request|response|_key\b|key_|localhost|test|true|false|required|optional|passw(?:or)?d|passphrase|"
    r"pwd|secret|token|user|login|value|string|correct|battery|encrypt|hash|database|admin|my",
    re.IGNORECASE,
)
_NO_PASSWORD = re.compile(r"\A[0-9]{2,5},|\{[A-Za-z0-9_.:]*\}|env\.|self\.|this\.|\\x|::|[(\[]\Z|\(\)|=>")
_REFERENCE = re.compile(
    r"\$[A-Za-z_({]|arn:|\.{1,2}[A-Za-z_]|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+\Z|[A-Za-z_.]+[(\[]|https?://|[./~]{0,2}/"
)
_WORDS = re.compile(
    r"(?:[A-Za-z]{1,20}|[0-9]{1,2})(?:[_\-. :,/|+](?:[A-Za-z]{1,20}|[0-9]{1,2}))*[0-9]{0,3}\Z|"
    r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]?\Z"
)
_IDENTIFIER = re.compile(r"[._\-/:]*(?:[A-Za-z]+[0-9]{0,4}[_\-.:/]+)*[A-Za-z]+[0-9]{0,4}\Z|[0-9.]+\Z")
_NUMBERS = re.compile(r"[0-9.:,]+\Z")  # versions, addresses, numbers of standards
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)")
_WORD = re.compile(r"(?:\A|[A-Z])[a-z]{3,}")
_CAPITALISED = re.compile(r"[A-Z][a-z]{2,}")
_CLASS = re.compile(r"V[0-9]{1,2}(?:alpha|beta)?[0-9]?(?:[A-Z]+[a-z]+)+\Z")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")


def entropy(value: str) -> float:
    """Shannon entropy in bits for each character."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def is_dummy(value: str) -> bool:
    """Whether what has the form of a token is only a stand-in: `XXXX…`, `…EXAMPLE`, the alphabet."""
    return len(set(value)) < 5 or _DUMMY.search(value) is not None


def is_uuid(value: str) -> bool:
    """Whether the value is written like a UUID."""
    return _UUID.match(value) is not None


def looks_random(value: str) -> bool:
    """Whether a machine rather than a person seems to have made the value up: its characters do not follow each other
    as in written text, or letters and digits change often."""
    value = value[:_LOOKED_AT]
    if len(value) < 10 or is_dummy(value) or _DESCRIBED.search(value):
        return False
    if _UUID.match(value):
        return True
    if value.isdigit():
        return len(value) >= 15 and len(set(value)) >= 6
    if _DATE.match(value) or _NUMBERS.match(value) or value.endswith(("PrivateKey", "PublicKey")):
        return False
    if surprise(value) >= _SURPRISING:
        return True
    if len(value) < 12 or _is_wordy(value):
        return False
    if _IDENTIFIER.match(value):
        return len(value) >= 24 and _changes(value) >= len(value) * 0.42 and entropy(value) > 3.8
    if _HEX.match(value):
        digits = sum(char.isdigit() for char in value)
        return 2 <= digits < len(value) and len(set(value)) >= 7
    return _turns(value) >= max(3, len(value) // 10) and len(set(value)) >= 8 and entropy(value) >= 2.9


_LOOKED_AT = 400  # characters of a value
_SURPRISING = 10  # bits; names and words that reach it are one in some hundred of the longest


def is_dense(value: str) -> bool:
    """Whether the value is as random as a key, so that hardly anything else has to speak for it: hexadecimal digits of
    a key's length, or letters and digits that change all the time."""
    value = value[:_LOOKED_AT]
    if len(value) < 16 or is_dummy(value) or _NUMBERS.match(value) or _DESCRIBED.search(value):
        return False
    if _UUID.match(value):
        return True
    if _HEX.match(value):
        digits = sum(char.isdigit() for char in value)
        whole = len(value) >= 20 and len(value) % 2 == 0  # whole bytes
        return whole and len(value) * 0.3 < digits < len(value) * 0.95 and len(set(value)) >= 10
    if is_drawn(value):
        return True
    if _is_wordy(value):
        return False
    plain = [char for char in value if char.isalnum()]
    if len(plain) < max(16, len(value) * 0.85) or not any(char.isdigit() for char in plain):
        return False
    mixed = any(char.isupper() for char in plain) and any(char.islower() for char in plain)
    changes = _changes(value) if mixed else _turns(value)
    return changes >= len(plain) * (0.4 if mixed else 0.25) and entropy(value) >= 3.4


def _is_wordy(value: str) -> bool:
    """Whether capitals and small letters make words, as in `V1SecretKeySelector`: of random letters few do."""
    return sum(map(len, _WORD.findall(value))) * 2 >= len(value)


def _turns(value: str) -> int:
    """How often a digit follows a letter or a letter a digit."""
    return sum(a.isdigit() != b.isdigit() for a, b in itertools.pairwise(value) if a.isalnum() and b.isalnum())


def _changes(value: str) -> int:
    """How often the kind of character (small, capital, digit) changes."""
    kinds = [0 if c.islower() else 1 if c.isupper() else 2 for c in value if c.isalnum()]
    return sum(a != b for a, b in itertools.pairwise(kinds))


def is_password(value: str, *, quoted: bool = False) -> bool:
    """Whether a value behind a password's name can be one: no reference, no placeholder, no plain word."""
    if len(set(value)) < 5 or _DUMMY.search(value) or _NO_PASSWORD.search(value):
        return False
    if _REFERENCE.match(value) or _WORDS.match(value) or len(_WEAK.sub("", value)) < 5:
        return False
    if _CONSTANT.match(value) or _CLASS.match(value) or (value.isalnum() and len(_CAPITALISED.findall(value)) >= 3):
        return False
    small, large = any(c.islower() for c in value), any(c.isupper() for c in value)
    digit, sign = any(c.isdigit() for c in value), any(not c.isalnum() and c not in "_-. " for c in value)
    mixed = (digit and (small or large)) or (
        small and sign and (large or (quoted and not set(value).isdisjoint("$@#!%^&*")))
    )
    return mixed and entropy(value) >= min(math.log2(len(value)) * 0.7, 3)
