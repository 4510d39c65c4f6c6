"""A role file as a form: each field as the words that a person would type, and the file's text after other words.

Works on files that are wrong, too, as long as they are YAML: a form is what one mends them with.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.documents import Document, parse_document
from engine.governance.classes import CLASSES
from engine.roles.editing import field_names, value_of, with_field
from engine.roles.rules import LISTS
from engine.roles.splicing import dumped, remove_value, set_value
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.forms import FormField
from engine.vocabulary.role_forms import LISTED
from engine.vocabulary.roles import Thresholds, WriteLimits
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNLISTED = "not listed"
MORE = "+"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_COMMAND = " $ "
_GROUPS = ("authority", "confidence_thresholds", "write_limits", "setup", "notifications")
_OLD = {"allowed_actions": "autonomous", "blocked_actions": "forbidden"}

_WHO, _MAY, _SURE, _DONE, _LIMITS, _SETUP, _TOLD = (
    "WHO IT IS",
    "WHAT IT MAY DO",
    "HOW SURE IT MUST BE",
    "WHEN IT IS DONE",
    "LIMITS",
    "WHAT IS SET UP BEFORE",
    "WHO IS TOLD",
)
_PATTERNS = "separated by commas, such as src/**, *.md"
# Field, label, group, help.
_PLAIN: tuple[tuple[str, str, str, str], ...] = (
    ("display_name", "name for people", _WHO, "a few words"),
    ("description", "what it is for", _WHO, "a sentence or two"),
    ("competencies", "good at", _WHO, "at least one, separated by commas"),
    ("scope", "may change", _WHO, f"paths of the workspace, {_PATTERNS}"),
    ("confidence_thresholds.auto_execute", "runs from", _SURE, "0 to 1: at or above, it runs"),
    ("confidence_thresholds.execute_and_flag", "is flagged from", _SURE, "0 to 1: it runs and is marked for you"),
    ("confidence_thresholds.pause_and_ask", "asks from", _SURE, "0 to 1: it waits for you; below, it is not tried"),
    ("risk_tolerance", "risk tolerance", _SURE, "low raises the three by 0.05, high lowers them"),
    ("auth_method", "you prove yourself by", _SURE, "a PIN, or a one-time code"),
    ("write_limits.file_bytes", "bytes in a file", _LIMITS, "may be lower than the ceiling, never higher"),
    ("write_limits.file_lines", "lines in a file", _LIMITS, "may be lower than the ceiling, never higher"),
    ("write_limits.files_created", "files created", _LIMITS, "in a session, never above the ceiling"),
    ("write_limits.files_modified", "files modified", _LIMITS, "in a session, never above the ceiling"),
    ("write_limits.total_bytes", "bytes in all", _LIMITS, "in a session, never above the ceiling"),
    ("model", "works with", _LIMITS, "a model of your config.yaml"),
    ("fallback_model", "stands in", _LIMITS, "a model of your config.yaml, when the first cannot be used"),
    ("working_hours", "works", _LIMITS, "days and times, such as mon-fri 22:00-06:00"),
    ("setup.commands", "commands", _SETUP, "run with a network, before the agent exists; separated by commas"),
    ("setup.files", "rests on", _SETUP, f"what a new set-up follows besides manifests and lock files, {_PATTERNS}"),
    ("setup.environment", "environment", _SETUP, "for these commands alone, such as {PIP_INDEX_URL: https://…}"),
    ("setup.timeout_s", "seconds each", _SETUP, "how long one of the commands may take"),
    ("replan_every", "plans again after", _LIMITS, "tasks, 1 to 100"),
    ("notifications.session_started", "session started", _TOLD, "channels, separated by commas"),
    ("notifications.complete", "complete", _TOLD, "channels, separated by commas"),
    ("notifications.failed", "failed", _TOLD, "channels, separated by commas"),
    ("notifications.approval_needed", "approval needed", _TOLD, "channels, separated by commas"),
    ("notifications.error", "error", _TOLD, "channels, separated by commas"),
    ("notifications.drift", "drift", _TOLD, "channels, separated by commas"),
    ("notifications.cost_80", "80% of the cost", _TOLD, "channels, separated by commas"),
)
_CHOICES = {"risk_tolerance": ("low", "medium", "high"), "auth_method": ("pin", "totp")}


def fields_of(text: str) -> tuple[FormField, ...]:
    """The form of a role file, right or wrong; empty when the text is no YAML mapping."""
    try:
        document = parse_document(text, "the role", {}, error=RoleError)
    except RoleError:
        return ()
    return tuple(_fields(document)) if isinstance(document.data, dict) else ()


def with_words(text: str, key: str, words: str) -> str:
    """The text after a person typed these words for a field of the form; empty words leave it out. Raises RoleError for
    words that mean nothing there, and for a text that is no YAML."""
    kind, _, name = key.partition(":")
    said = words.strip()
    match kind:
        case "authority":
            return _with_authority(text, ActionClass(name), said)
        case "success_criteria":
            return _with_criterion(text, name, said)
        case "unknown" | "inside":
            if said:
                raise RoleError(f"a role has no field {visible(name)!r}", nearest(name, field_names()))
            return remove_value(text, [name] if kind == "unknown" else name.split(":", 1))
    return with_field(text, key, value_of(key, said) if said else None)


def _fields(document: Document) -> Iterator[FormField]:
    data = document.data
    defaults = _defaults()
    yield from _unknown(document)
    for name in _others():
        words = _words(name, _at(data, name))
        yield _field(document, name, name.replace("_", " "), "MORE", words, "", "as in the file")
    for group in (_WHO, _MAY, _SURE, _DONE, _LIMITS, _SETUP, _TOLD):
        if group == _MAY:
            yield from _authority(document)
        if group == _DONE:
            yield from _criteria(document)
        for key, label, its_group, about in _PLAIN:
            if its_group == group:
                value = _at(data, key)
                choices = _CHOICES.get(key, ())
                yield _field(document, key, label, group, _words(key, value), defaults.get(key, ""), about, choices)


def _others() -> Iterator[str]:
    """Fields of the schema that nothing here has a better line for, so that none is ever missing."""
    ours = {key for key, *_ in _PLAIN} | {"name", "success_criteria", *_OLD}
    names = field_names()
    for name in names:
        top = name.partition(".")[0]
        group = any(other.startswith(f"{name}.") for other in names)
        if name not in ours and top not in ("authority", "working_hours") and not group:
            yield name


def _unknown(document: Document) -> Iterator[FormField]:
    """What no role has, at the top and inside of groups: it can only be left out."""
    data, known = document.data, field_names()
    tops = {name.partition(".")[0] for name in known}
    inside = {group: {name for name in known if name.startswith(f"{group}.")} for group in _GROUPS}
    found: list[tuple[tuple[Any, ...], set[str]]] = [((name,), tops) for name in data if name not in tops]
    for group, names in inside.items():
        inner = data.get(group)
        found += [
            ((group, name), names)
            for name in (inner if isinstance(inner, dict) else ())
            if f"{group}.{name}" not in names
        ]
    for keys, names in found:
        label = ".".join(map(str, keys))
        value = data[keys[0]] if len(keys) == 1 else data[keys[0]][keys[1]]
        key = f"{'unknown' if len(keys) == 1 else 'inside'}:{':'.join(map(str, keys))}"
        about = "no field of a role: " + nearest(label, names)
        yield _field(document, key, label, "NOT KNOWN", dumped(value), "", about, (), label)


def _field(
    document: Document,
    key: str,
    label: str,
    group: str,
    words: str,
    default: str,
    about: str,
    choices: tuple[str, ...] = (),
    *places: str,
) -> FormField:
    where = places or (key,)
    found = [document.places[place][0] for place in where if place in document.places]
    return FormField(key, label, group, words, default, about, choices, where, found[0] if found else None)


def _defaults() -> Mapping[str, str]:
    found = {f"confidence_thresholds.{name}": f"{value:.2f}" for name, value in asdict(Thresholds()).items()}
    found |= {f"write_limits.{name}": str(value) for name, value in asdict(WriteLimits()).items()}
    told = {key: "nobody" for key, *_ in _PLAIN if key.startswith("notifications.")}
    plain = {"scope": "everything", "risk_tolerance": "medium", "auth_method": "pin", "working_hours": "always"}
    plain |= {"model": "your default model", "fallback_model": "no other model", "setup.commands": "nothing"}
    return {**found, **told, **plain, "setup.timeout_s": "1800", "replan_every": "5"}


def _at(data: Any, key: str) -> Any:
    for part in key.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _words(key: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list():
            return _listed(value)
        case {"days": [*days], "from": str(start), "to": str(end), **rest} if key == "working_hours" and not rest:
            if days and all(day in _DAYS for day in days):
                return f"{_days(days)} {start}-{end}"
    return dumped(value)


def _listed(items: Sequence[Any]) -> str:
    """A list as a person types it: with commas between, or as YAML where an entry has one itself."""
    plain = all(
        isinstance(item, str) and item == item.strip() and item and not set(item) & set(",[]{}\n") for item in items
    )
    return ", ".join(items) if items and plain and not items[0].startswith("-") else dumped(list(items))


def _days(days: Sequence[str]) -> str:
    places = sorted({_DAYS.index(day) for day in days})
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{_DAYS[places[0]]}-{_DAYS[places[-1]]}"
    return ",".join(_DAYS[place] for place in places)


# -- authority: one field for each action class


def _lists(data: Any) -> dict[str, tuple[str, list[Any]]]:
    """The three lists by name, each with its field in the file; the older form counts as what it is read as."""
    if "authority" not in data and any(old in data for old in _OLD):
        old = {new: (field, data.get(field)) for field, new in _OLD.items()}
        found = {name: old.get(name, ("", [])) for name in LISTS}
    else:
        found = {name: (f"authority.{name}", _at(data, f"authority.{name}")) for name in LISTS}
    return {name: (field, items if isinstance(items, list) else []) for name, (field, items) in found.items()}


def _entries(items: Sequence[Any], action: str) -> Iterator[tuple[int, list[Any] | None]]:
    """Where the action stands in a list, with its patterns or None for all of it."""
    for index, item in enumerate(items):
        if item == action:
            yield index, None
        elif isinstance(item, dict) and action in item:
            patterns = item[action]
            yield index, patterns if isinstance(patterns, list) else [patterns]


def _authority(document: Document) -> Iterator[FormField]:
    lists = _lists(document.data)
    for action, entry in CLASSES.items():
        said, places = [], []
        for word, name in zip(LISTED, LISTS, strict=True):
            field, items = lists[name]
            found = list(_entries(items, action))
            places += [f"{field}[{index}]" for index, _ in found]
            if any(patterns is None for _, patterns in found):
                said.append(word)
            elif found:
                said.append(f"{word}: {_listed([p for _, patterns in found for p in patterns or ()])}")
        about = f"{entry.phrase}: {', '.join(LISTED)}, or with patterns: alone: docs/**, *.md"
        yield _field(
            document,
            f"authority:{action}",
            action,
            _MAY,
            "; ".join(said),
            f"{UNLISTED}, so it asks",
            about,
            (*LISTED, ""),
            *(places or [f"authority:{action}"]),
        )


def _with_authority(text: str, action: ActionClass, said: str) -> str:
    wanted = _understood(said)
    data = parse_document(text, "the role", {}, error=RoleError).data
    data = data if isinstance(data, dict) else {}
    lists = _lists(data)
    older = "authority" not in data and any(old in data for old in _OLD)
    if older:
        # The older form says nothing of what asks: everything else does.
        named = {str(a) for a in ActionClass for name in LISTS if any(_entries(lists[name][1], a))}
        lists["requires_approval"] = ("", [str(a) for a in ActionClass if str(a) not in named])
    made = {name: _replaced(items, action, wanted.get(name, _GONE)) for name, (_, items) in lists.items()}
    if older:
        for old in _OLD:
            text = remove_value(text, [old])
        return set_value(text, ["authority"], made)
    for name, items in made.items():
        if items != lists[name][1]:
            text = set_value(text, ["authority", name], items)
    return text


def _understood(said: str) -> dict[str, list[Any] | None]:
    """`alone: docs/**; never: *.sh` as patterns by list, None for all of it."""
    if not said or said.casefold() == UNLISTED:
        return {}
    wanted: dict[str, list[Any] | None] = {}
    for part in re.split(rf";\s*(?=(?:{'|'.join(LISTED)})\s*(?:[:;]|$))", said):
        word, colon, rest = (piece.strip() for piece in part.partition(":"))
        names = {**dict(zip(LISTED, LISTS, strict=True)), **{name: name for name in LISTS}}
        if word not in names:
            raise RoleError(f"{visible(word)!r} is not understood", nearest(word, [*LISTED, UNLISTED]))
        patterns = value_of("scope", rest) if rest else []
        if colon and not patterns:
            raise RoleError(f"no pattern stands after {word}:", f"write {word} alone for all of it")
        wanted[names[word]] = patterns if colon else None
    return wanted


_GONE: list[Any] = []


def _replaced(items: Sequence[Any], action: str, patterns: list[Any] | None) -> list[Any]:
    """The list with the action as wanted, in its old place where it has one; without it for `_GONE`."""
    made: list[Any] = []
    entry: Any = None if patterns is _GONE else action if patterns is None else {str(action): patterns}
    for item in items:
        rest = {key: value for key, value in item.items() if key != action} if isinstance(item, dict) else None
        if item == action or (rest is not None and rest != item):
            if entry is not None:
                made.append(str(entry) if isinstance(entry, str) else entry)
                entry = None
            if rest:
                made.append(rest)
        else:
            made.append(item)
    return made if entry is None else [*made, str(entry) if isinstance(entry, str) else entry]


# -- success criteria: one field each, and one for another


def _criteria(document: Document) -> Iterator[FormField]:
    items = _at(document.data, "success_criteria")
    items = items if isinstance(items, list) else []
    about = "text for the reviewer; what follows ' $ ' is a command whose exit status decides it"
    for number, item in enumerate(items):
        match item:
            case str():
                words = item
            case {"text": str(said), "command": str(command), **rest} if not rest:
                words = said + _COMMAND + command
            case _:
                words = dumped(item)
        place = f"success_criteria[{number}]"
        yield _field(
            document, f"success_criteria:{number}", f"criterion {number + 1}", _DONE, words, "", about, (), place
        )
    last = len(items)
    place = f"success_criteria[{last}]"
    label = f"criterion {last + 1}"
    yield _field(document, f"success_criteria:{last}", label, _DONE, "", "one more", about, (), place)


def _with_criterion(text: str, number: str, said: str) -> str:
    items = _at(parse_document(text, "the role", {}, error=RoleError).data, "success_criteria")
    made = list(items) if isinstance(items, list) else []
    index = int(number)
    before, dollar, command = said.rpartition(_COMMAND)
    value: Any = {"text": before.strip(), "command": command.strip()} if dollar else said
    made[index : index + 1] = [value] if said else []
    return with_field(text, "success_criteria", made or None)
