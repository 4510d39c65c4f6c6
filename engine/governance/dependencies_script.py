"""The packages that Node's, Ruby's and PHP's manifests and lock files name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.governance.dependency_packages import Found, Packages, add_named, rows_of, table_of


def package_json(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "resolutions"):
        add_named(found, data.get(key))
    for name, spec in _flat(table_of(data.get("overrides")), "override ").items():
        found.add(name, spec)
    return found.packages


def _flat(table: Mapping[str, Any], prefix: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key} > ")
        else:
            out[f"{prefix}{key}"] = str(value)
    return out


def package_lock(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for path, row in table_of(data.get("packages")).items():
        if path:
            name = path.rpartition("node_modules/")[2]
            found.add(name, table_of(row).get("version"), table_of(row).get("resolved"), table_of(row).get("integrity"))
    waiting = [] if "packages" in data else [table_of(data.get("dependencies"))]
    while waiting:
        for name, row in waiting.pop().items():
            found.add(name, table_of(row).get("version"), table_of(row).get("resolved"), table_of(row).get("integrity"))
            waiting.append(table_of(table_of(row).get("dependencies")))
    return found.packages


_YARN_NAME = re.compile(r'"?((?:@[^@/\s"]+/)?[^@/\s"]+)@')
_YARN_FIELD = re.compile(r'  "?(version|resolved|resolution|integrity|checksum)"?:? "?([^"\n]+)"?')


def yarn_lock(text: str) -> Packages:
    found = Found()
    name, fields = "", {"": ""}
    for line in [*text.splitlines(), "end"]:
        if line[:1] not in (" ", "", "#"):
            if name:
                origin = fields.get("resolved", "").partition("#")[0]
                bound = fields.get("resolution", "")
                origin = origin or ("" if "@npm:" in bound or "@workspace:" in bound else bound)
                content = fields.get("integrity") or fields.get("checksum", "")
                found.add(name, fields.get("version"), origin, content)
            match = _YARN_NAME.match(line) if line.rstrip().endswith(":") else None
            name, fields = match.group(1) if match else "", {}
        elif match := _YARN_FIELD.match(line):
            fields[match.group(1)] = match.group(2)
    return found.packages


_PNPM_NAME = re.compile(r"  '?/?((?:@[^@/\s']+/)?[^@/\s':]+)[@/]([^:'(\s]+)")


def pnpm_lock(text: str) -> Packages:
    found, name, version, inside = Found(), "", "", False
    for line in text.splitlines():
        if line[:1] not in (" ", ""):
            inside = line.startswith("packages:")
        elif inside and line.startswith("    "):
            place = re.search(r"tarball: ([^,}\s]+)", line)
            content = re.search(r"integrity: ([^,}\s]+)", line)
            found.add(name, version, place.group(1) if place else "", content.group(1) if content else "")
        elif inside and line.rstrip().endswith(":"):
            match = _PNPM_NAME.match(line)
            name, version = (match.group(1), match.group(2)) if match else ("", "")
            found.add(name, version)
    return found.packages


def gemfile(text: str) -> Packages:
    found = Found()
    for name, rest in re.findall(r"^\s*gem\s*\(?\s*['\"]([^'\"]+)['\"]([^\n#]*)", text, re.MULTILINE):
        place = re.search(r"\b(?:git|github|path|source)(?::|['\"]?\s*=>)\s*['\"]([^'\"]+)", rest)
        versions = re.findall(r",\s*['\"]([^'\"]+)['\"]", rest.partition(":")[0])
        found.add(name, ", ".join(versions), place.group(1) if place else "")
    for place in re.findall(r"^\s*source\s*\(?\s*['\"]([^'\"]+)", text, re.MULTILINE):
        found.add("source", "", place)
    return found.packages


def gemfile_lock(text: str) -> Packages:
    found, place = Found(), ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            place = ""
        elif line.startswith("  remote: "):
            place = line.removeprefix("  remote: ").strip()
        elif match := re.fullmatch(r" {4}(\S+) \(([^)]+)\)", line):
            found.add(match.group(1), match.group(2), place)
    return found.packages


def composer(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for key in ("require", "require-dev"):
        add_named(found, data.get(key))
    places = data.get("repositories")
    for row in places if isinstance(places, list) else table_of(places).values():
        found.add("repository", "", table_of(row).get("url"))
    return found.packages


def composer_lock(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for key in ("packages", "packages-dev"):
        for row in rows_of(data.get(key)):
            place = table_of(row.get("dist"))
            found.add(row.get("name"), row.get("version"), place.get("url"), place.get("shasum"))
    return found.packages
