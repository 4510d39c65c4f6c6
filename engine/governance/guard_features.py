"""What the guard looks at when it scores a text: kinds of words and shapes, each a number between 0 and 1.

The kinds are written by hand; how much each counts is fitted (`benchmarks/fit_guard.py`) and stands in
`guard_weights.py`. A word stands for all that begin with it when it ends in `*`.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# English and German, some French and Spanish: the languages in which such texts are commonest.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "drop": "ignore ignor* disregard* forget forgett* bypass* overrid* neglect* overlook* discard* vergiss* "
        "vergessen "
        "ignorier* oublie* olvida* ignora missachte* abandon stop cease",
        "rules": "instruction* rule* guideline* directive* prompt* command* policy policies restriction* constraint* "
        "limitation* filter* anweisung* regel* befehl* aufforderung* instrucci* consigne* zuweisung* aufgabe* aufgaben",
        "before": "previous* prior above earlier preceding before former initial original vorherig* "
        "vorangegangen* vorig* "
        "oben bisherig* anterior* precedent* hitherto foregoing told given said everything alles all",
        "now": "now henceforth onwards onward instead nun jetzt stattdessen ab ahora anew new neue neuen",
        "you": "you your yours yourself u du dein* dir dich sie ihr* ihnen tu votre",
        "you_are": "are're you're bist sind eres",
        "must": "must shall will always never only cannot can't won't musst sollst immer niemals nur may allowed "
        "supposed obliged required",
        "pretend": "pretend* act acting roleplay* role-play* play* imagine* simulat* persona character* impersonat* "
        "fictional hypothetical* scenario* story spiel* rolle stell vorstell* agiere verhalte fiktiv*",
        "machine": "ai a.i chatgpt gpt gpt-* gpt3 gpt4 openai assistant* chatbot* bot bots model* language llm ki "
        "assistent* sprachmodell* dan algorithm*",
        "free": "unrestricted* unfiltered uncensored unlimited unethical immoral amoral illegal* free freed freedom* "
        "nothing anything regardless without consequences jailbr* limits boundaries censor* unbound* escape* frei",
        "morals": "ethic* moral* legal* harmful dangerous offensive inappropriate safety disclaimer* warning* apolog* "
        "sorry refus* consent* norms schädlich* gefährlich*",
        "answer": "answer* respond* respon* reply replies say says saying output* print* write* repeat* reveal* "
        "tell tells display* translate* begin start* end finish* antwort* sag sage schreib* gib ausgeben wiederhol* "
        "summarize* generate* provide* complete",
        "exact": "exactly following verbatim literal* precisely word words phrase* sentence* letter* capital* caps "
        "quote* quotes string text message* line lines code folgend* genau wort wörter satz",
        "secret": "secret* password* passphrase key keys access* granted denied confidential hidden reveal* unlock* "
        "geheim* passwort code codes authenticat* admin* administrator* permission* credential*",
        "system": "system* sys developer* debug* mode modus override* root sudo terminal console buffer maintenance "
        "diagnostic* test testing token* user users human input prompt context conversation chat session",
        "convince": "please important* remember important essential urgent understood understand confirm* okay ok yes "
        "good great wonderful thanks thank job very done danke super gut sehr bitte wichtig*",
        "define": "called named known stands means acronym abbreviat* definition defined heißt represents python "
        "function json convert* rewrite* variable* variables",
        "opinion": "hate* love* stupid* racist* joke* insult* manifest* propaganda opinion* swear* curse* best worst "
        "hass* hasse liebe* hurensohn* böse evil kill* destroy* humanity menschheit",
    }
)
_SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "imperative": r"(?:^|[.!?\n:]\s*)(?:now|please|instead|jetzt|then|and)?,?\s*(?:ignore|forget|disregard|"
        r"write|say|"
        r"tell|print|repeat|respond|reply|answer|act|pretend|stop|give|output|show|imagine|translate|start|begin|"
        r"do not|don't"
        r"|never|always|vergiss|ignoriere|sag|schreib|gib|stell|antworte|nenn|mach)\b",
        "you_are_now": r"\byou(?:'re| are| will| must| can| should| have)\b|\bdu (?:bist|sollst|musst|wirst|kannst)\b",
        "from_now": r"\bfrom now\b|\bstarting now\b|\bab jetzt\b|\bab sofort\b|\bfor the rest of\b|\bfrom this point\b",
        "my_rule": r"\b(?:i want you|i need you|i will|i'll|i am going to|i order|ich will|ich möchte, dass du|"
        r"let's play)\b",
        "fence": r"[=\-#*%<>\]\[})({|~]{4,}|(?:[\])}>]\s?){6,}",
        "turn": r"(?:^|\n)\W{0,6}(?:user|human|assistant|system|ai|chatgpt|question|answer|input|output|frage|"
        r"antwort)\b[^\n:]{0,20}:",
        "close_quote": r"^\s*[\"'`\])}>]",
        "brackets": r"\[[A-Za-z_ ]{2,30}\]|\{[A-Za-z_ ]{2,30}\}|<[A-Za-z_ /]{2,30}>",
        "shouting": r"\b[A-Z]{4,}\b(?:[ ,]+\b[A-Z]{2,}\b)+",
        "long_word": r"\S{60,}",
        "quoted": r"[\"'“”][^\"'“”\n]{3,80}[\"'“”]",
        "doubled": r"\b(\w{2,})\b(?:\W+\1\b){2,}",
        "numbered": r"(?:^|\n)\s*(?:\d{1,2}[.)]|[*\-•]) ",
        "question": r"\?",
        "first_person": r"\b(?:my|me|i)\b",
        "commit": r"^(?:\W*)(?:add|fix|update|remove|bump|merge|use|make|move|rename|refactor|improve|support|allow|"
        r"change|"
        r"feat|chore|docs|test|tests|build|ci|style|perf|revert|release|clean|enable|implement|introduce|upgrade|"
        r"set)\b",
        "code_mark": r"[a-z]\(\)|\w/\w+\.\w+|`|::|->|\w_\w|#\d|\w\.\w+\(|\b[a-z]+[A-Z]\w+",
    }
)
NAMES = (*_WORDS, *_SHAPES, "length", "paragraphs", "rule", "drop_rules", "you_machine", "not_ascii", "symbols")
MAX_CHARS = 8_000


def features(text: str, rule_score: float) -> dict[str, float]:
    """All features of the normalised text, by name. `rule_score` is what the guard's rules found, 0 to 1."""
    shown = text[:MAX_CHARS]
    words = _TOKEN.findall(shown.lower())
    found = {name: _part(sum(_is(word, name) for word in words)) for name in _WORDS}
    found |= {name: _part(sum(1 for _ in regex.finditer(shown))) for name, regex in _compiled().items()}
    found["length"] = min(math.log1p(len(text)) / 9, 1.0)
    found["paragraphs"] = _part(text.count("\n"))
    found["rule"] = rule_score
    found["drop_rules"] = found["drop"] * found["rules"]
    found["you_machine"] = found["you"] * found["machine"]
    found["not_ascii"] = sum(not char.isascii() for char in shown) / (len(shown) or 1)
    found["symbols"] = sum(not (char.isalnum() or char.isspace()) for char in shown) / (len(shown) or 1)
    return found


_TOKEN = re.compile(r"[a-zà-ÿ]+(?:['.\-][a-zà-ÿ0-9]+)*")


def _part(count: int) -> float:
    """0 for none, about 0.5 for one, near 1 for many."""
    return 1 - 1 / (1 + count)


def _is(word: str, kind: str) -> bool:
    whole, beginnings = _kinds()[kind]
    return word in whole or word.startswith(beginnings)


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, tuple[frozenset[str], tuple[str, ...]]]:
    return MappingProxyType(
        {
            name: (
                frozenset(word for word in text.split() if not word.endswith("*")),
                tuple(word[:-1] for word in text.split() if word.endswith("*")),
            )
            for name, text in _WORDS.items()
        }
    )


@lru_cache(maxsize=1)
def _compiled() -> Mapping[str, re.Pattern[str]]:
    keep_case = ("shouting", "code_mark", "brackets")
    return MappingProxyType(
        {name: re.compile(text, 0 if name in keep_case else re.IGNORECASE) for name, text in _SHAPES.items()}
    )
