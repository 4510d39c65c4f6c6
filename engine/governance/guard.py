"""The content guard: a goal's text is normalised and freed of sentences that talk to the model about its rules.

One layer, and a thin one: what the agent may do is decided by the gate, whatever it was told.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from engine.governance.guard_features import features
from engine.governance.guard_weights import WEIGHTS
from engine.vocabulary.requests import Guarded, Stripped

_HIDDEN = frozenset({"Cf", "Cs", "Co", "Cn"})
# Cyrillic and Greek letters that look like Latin ones.
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0455\u0501\u0458\u04bb\u03bf\u03b1\u03b5\u03b9\u03bd\u0410\u0412"
    "\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0405\u0408\u0391\u0392\u0395\u0399\u039a\u039c\u039d"
    "\u039f\u03a1\u03a4\u03a7",
    "aeopcxyisdjhoaeivABEKMHOPCTXISJABEIKMNOPTX",
)

# Kind, weight, expression on normalised lower-case text. Bounded gaps keep each in one clause and its cost linear.
_RULES: tuple[tuple[str, float, str], ...] = (
    (
        "ignore-instructions",
        0.9,
        (
            r"\b(?:ignore|disregard|forget|override|bypass|skip|neglect|overlook)\b[^.!?\n]{0,40}\b(?:all|any|your|"
            r"the|these|those|previous|prior|above|earlier|preceding|former|initial|original|system|"
            r"every)\b[^.!?\n]{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|directions?|directives?|"
            r"constraints?|restrictions?|polic(?:y|ies)|commands?|programming)\b"
        ),
    ),
    (
        "ignore-instructions",
        0.8,
        (
            r"\b(?:ignore|disregard|forget)\b[^.!?\n]{0,20}\b(?:everything|all)\b[^.!?\n]{0,30}\b(?:above|before|"
            r"previous|said|told|written)\b"
        ),
    ),
    (
        "new-identity",
        0.7,
        (
            r"\b(?:you are now|from now on,? you (?:are|will|must)|pretend (?:to be|you are|that you)|act as (?:if "
            r"you|an? (?:unrestricted|evil|unfiltered|jailbroken))|you will (?:now )?(?:play|act as|be) (?:an? "
            r")?(?:unrestricted|evil|dan\b)|your new (?:role|identity|persona|name) is)\b"
        ),
    ),
    (
        "jailbreak",
        0.9,
        (
            r"\b(?:jailbr(?:ea|o)k\w*|do anything now|dan mode|developer mode (?:enabled|on|activated)|god mode|"
            r"unrestricted (?:mode|ai)|without (?:any )?(?:ethical|moral|safety) (?:restrictions|guidelines|"
            r"constraints|limits)|no longer bound by)\b"
        ),
    ),
    (
        "fake-turn",
        0.8,
        (
            r"(?:<\|?/?(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[/?(?:inst|sys(?:tem)?)\]|"
            r"<</?sys>>|(?:^|\n)\s{0,8}#{0,4}\s?(?:system|assistant|developer)\s?(?:prompt|message|"
            r"override)?\s{0,2}:)"
        ),
    ),
    (
        "role-override",
        0.9,
        (
            r"\b(?:disable|turn off|switch off|bypass|circumvent|deactivate|get around|override|evade|"
            r"remove)\b[^.!?\n]{0,30}\b(?:aegis|the gates?\b|governance|guardrails?|safety (?:checks?|filters?|"
            r"rules?)|content (?:filters?|guard)|approval queue|approvals|your (?:role|limits|restrictions|"
            r"authority|sandbox))"
        ),
    ),
    (
        "role-override",
        0.8,
        (
            r"\b(?:grant|give) (?:yourself|you)\b[^.!?\n]{0,30}\b(?:permissions?|rights|access|authority)\b|\byou "
            r"(?:now )?have (?:full|admin|root|unlimited|unrestricted) (?:access|authority|permissions?|rights)\b|"
            r"\b(?:auto-?approve|approve) (?:all|every|any|your own)\b"
        ),
    ),
    (
        "reveal",
        0.8,
        (
            r"\b(?:reveal|show|print|repeat|output|display|tell me|leak|expose|give me|dump|"
            r"share)\b[^.!?\n]{0,30}\b(?:your|the|its)\s(?:\w{1,20}\s){0,2}(?:system prompt|initial prompt|hidden "
            r"prompt|(?:secret|hidden|initial|original|system) instructions|pre-?prompt)"
        ),
    ),
    (
        "reveal",
        0.7,
        (
            r"\b(?:exfiltrate|upload|send|post|leak|reveal|print|email)\b[^.!?\n]{0,40}\b(?:api keys?|credentials|"
            r"passwords?|private keys?|\.env\b|ssh keys?|access tokens?|environment "
            r"variables)[^.!?\n]{0,40}(?:\bto\b\s{0,2}(?:https?:|[\w.\-]{1,60}@|an? (?:external|remote)|me\b|my\b|"
            r"us\b)|\Z)"
        ),
    ),
    (
        "secrecy",
        0.6,
        (
            r"\b(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention(?:ing)?(?: this)? to|alert|"
            r"alerting|notify|notifying)\b[^.!?\n]{0,15}\b(?:the )?(?:user|human|developer|reviewer|person|"
            r"owner)\b"
        ),
    ),
)
_SENTENCE = re.compile(r"[^.!?\n]*[.!?\n]*")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=_\-])(?:[A-Za-z0-9+/_\-]{24,4000}={0,2})(?![A-Za-z0-9+/=_\-])")
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}[ ]?){16,2000}(?![0-9a-fA-F])")
_SPACED = re.compile(r"\b(?:[a-z][ \-_.*]){4,40}[a-z]\b")


@dataclass(frozen=True, slots=True)
class _Hit:
    rule: str
    weight: float
    start: int
    end: int


def guard(text: str) -> Guarded:
    """The goal without invisible characters and without what speaks to the model's rules; what was taken out is listed,
    so that a person can look at it. `safe` goes by the rules alone. `score`, 0 to 1, is how much the text looks like an
    attempt: about one in a hundred ordinary goals is above 0.5, so it is something to look at and decides nothing."""
    stripped: list[Stripped] = []
    clean, hidden = _normalised(text)
    if hidden:
        stripped.append(Stripped("hidden-characters", " ".join(f"U+{ord(char):04X}" for char in hidden[:40])))
    hits = _hits(clean)
    out: list[str] = []
    at = 0
    for start, end, rule in _sentences(clean, hits):
        out.append(clean[at:start])
        stripped.append(Stripped(rule, clean[start:end].strip()))
        at = end
    out.append(clean[at:])
    sure = _sure(hits, hidden)
    score = max(sure, _likely(clean, sure))
    sanitized = re.sub(r"[ \t]{2,}", " ", "".join(out)).strip()
    return Guarded(not hits, round(score, 4), sanitized, tuple(stripped))


def rule_score(text: str) -> tuple[str, float]:
    """The normalised text, and how sure the rules alone are, 0 to 1; what the score's weights are fitted on."""
    clean, hidden = _normalised(text)
    return clean, _sure(_hits(clean), hidden)


def _sure(hits: list[_Hit], hidden: list[str]) -> float:
    score = 0.0
    for hit in hits:
        score = 1 - (1 - score) * (1 - hit.weight)
    return 1 - (1 - score) * (1 - min(0.05 * len(hidden), 0.5)) if hidden else score


def _likely(clean: str, sure: float) -> float:
    """How likely such a text talks to the model about its rules, by all its features together, 0 to 1."""
    found = features(clean, sure)
    total = WEIGHTS["constant"] + sum(WEIGHTS[name] * value for name, value in found.items())
    return 1 / (1 + math.exp(-max(min(total, 50.0), -50.0)))


def _normalised(text: str) -> tuple[str, list[str]]:
    """NFKC without zero-width, bidirectional and other invisible characters, and which of those there were."""
    if text.isascii():
        kept = "".join(char for char in text if char.isprintable() or char in "\n\t")
        return kept, [char for char in text if not (char.isprintable() or char in "\n\t\r")]
    hidden: list[str] = []
    out: list[str] = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category in _HIDDEN or (category == "Cc" and char not in "\n\t\r"):
            # A joiner between emoji is how people write them, not a hiding place.
            if char == "\u200d" and out and (unicodedata.category(out[-1]) in ("So", "Sk") or out[-1] == "\ufe0f"):
                out.append(char)
            else:
                hidden.append(char)
        elif char != "\r":
            out.append(char)
    return "".join(out), hidden


def _hits(text: str) -> list[_Hit]:
    reading = text.translate(_LOOK_ALIKES)
    lowered = reading.lower() if len(reading.lower()) == len(text) else text
    hits = [
        _Hit(name, weight, match.start(), match.end())
        for name, weight, regex in _compiled()
        for match in regex.finditer(lowered)
    ]
    for match in _SPACED.finditer(lowered):
        if any(regex.search(_unspaced(lowered[match.start() : match.end() + 200])) for _, _, regex in _compiled()):
            hits.append(_Hit("spaced-out", 0.8, match.start(), match.end()))
    for match in _ENCODED.finditer(text):
        if _says_so(_from_base64(match.group())) or _says_so(match.group().translate(_ROT13)):
            hits.append(_Hit("encoded", 0.9, match.start(), match.end()))
    for match in _HEX.finditer(text):
        if _says_so(_from_hex(match.group())):
            hits.append(_Hit("encoded", 0.9, match.start(), match.end()))
    return sorted(hits, key=lambda hit: (hit.start, hit.end))


_ROT13 = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM"
)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    return tuple((name, weight, re.compile(pattern)) for name, weight, pattern in _RULES)


def _says_so(text: str) -> bool:
    lowered = text.lower()
    return bool(lowered) and any(regex.search(lowered) for _, _, regex in _compiled())


def _from_base64(text: str) -> str:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_" if set("-_") & set(text) else None, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _from_hex(text: str) -> str:
    try:
        return bytes.fromhex(text).decode()
    except ValueError:
        return ""


def _unspaced(text: str) -> str:
    """`i g n o r e   a l l` as words: single separators between letters go, wider gaps become one space."""
    words = re.split(r"[ \-_.*]{2,}", text)
    return " ".join(re.sub(r"(?<=\b[a-z])[ \-_.*](?=[a-z]\b)", "", word) for word in words)


def _sentences(text: str, hits: list[_Hit]) -> list[tuple[int, int, str]]:
    """The whole sentences around the hits: half of such a sentence would still speak."""
    out: list[tuple[int, int, str]] = []
    for match in _SENTENCE.finditer(text):
        inside = [hit for hit in hits if hit.start < match.end() and hit.end > match.start()]
        if inside and match.end() > match.start():
            out.append((match.start(), match.end(), inside[0].rule))
    return out
