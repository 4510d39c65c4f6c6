"""The packages that the manifests and lock files of Rust, Go, .NET and Java name, and TOML lock files of any kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from engine.governance.dependency_packages import Found, Packages, add_named, table_of, toml_of, xml_elements

_BLOCK = re.compile(r"^\[\[packages?\]\]\s*$", re.MULTILINE)
_FIELD = re.compile(r'^(name|version|source|checksum)\s*=\s*(?:"([^"]*)"|(\{.*\}))', re.MULTILINE)
_SOURCE = re.compile(r'(?:git|url|registry|path|editable|directory|virtual)\s*=\s*"([^"]*)"')
_SHA = re.compile(r"sha(?:256|512):[0-9a-f]+")


def toml_lock(text: str) -> Packages:
    """Cargo, Poetry, uv, PDM and pylock: blocks of `[[package]]`, read by line since they are long and regular."""
    found = Found()
    for block in _BLOCK.split(text)[1:]:
        block = block.partition("\n[[")[0]
        fields = {key: plain or inner for key, plain, inner in _FIELD.findall(block)}
        source = fields.get("source", "")
        inner = _SOURCE.search(source) or re.search(r"\[package\.source\][^\[]*?\burl\s*=\s*\"([^\"]*)\"", block)
        place = inner.group(1) if inner else ("" if source.startswith("{") else source)
        place = "" if place == "." else place
        content = [*_SHA.findall(block), *filter(None, [fields.get("checksum", "")])]
        found.add(fields.get("name"), fields.get("version"), place, content)
    return found.packages


def cargo(text: str) -> Packages:
    data, found = toml_of(text), Found()
    tables = [
        data,
        table_of(data.get("workspace")),
        *(table_of(each) for each in table_of(data.get("target")).values()),
    ]
    for table in tables:
        for key in ("dependencies", "dev-dependencies", "build-dependencies"):
            add_named(found, table.get(key))
    for whose, patched in table_of(data.get("patch")).items():
        for name, spec in table_of(patched).items():
            add_named(found, {f"patch {whose} {name}": spec})
    return found.packages


def go_mod(text: str) -> Packages:
    found, block = Found(), ""
    for line in text.splitlines():
        line = line.partition("//")[0].strip()
        verb, _, rest = line.partition(" ")
        if line == ")":
            block = ""
        elif verb.rstrip("(") in ("require", "replace") and line.endswith("("):
            block = verb.rstrip("(")
        elif block and line:
            _go_line(found, block, line)
        elif verb in ("require", "replace"):
            _go_line(found, verb, rest)
    return found.packages


def _go_line(found: Found, verb: str, line: str) -> None:
    name, _, rest = line.strip().partition(" ")
    if verb == "replace":
        found.add(f"replace {name}", "", rest.partition("=>")[2].strip())
    else:
        found.add(name, rest)


def go_sum(text: str) -> Packages:
    found = Found()
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3:
            found.add(parts[0], parts[1].removesuffix("/go.mod"), "", " ".join(parts[1:]))
    return found.packages


_REFERENCES = frozenset(
    {"PackageReference", "PackageVersion", "GlobalPackageReference", "package", "DotNetCliToolReference"}
)
_NAME = re.compile(r"\b(?:Include|Update|id|key)\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
_VERSION = re.compile(r"\b(?:version|versionoverride|value)\s*=\s*[\"']([^\"']+)", re.IGNORECASE)


def dotnet(text: str) -> Packages:
    found, last = Found(), ""
    for path, attributes, inner in xml_elements(text):
        name, version = _NAME.search(attributes), _VERSION.search(attributes)
        if path[-1] in _REFERENCES:
            last = name.group(1) if name else ""
            found.add(last, version.group(1) if version else "")
        elif path[-1] in ("Version", "VersionOverride") and path[-2:-1] and path[-2] in _REFERENCES:
            found.add(last, inner)
        elif path[-1] == "add" and path[-2:-1] == ("packageSources",) and name and version:
            found.add(f"source {name.group(1)}", "", version.group(1))
    return found.packages


def dotnet_lock(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for framework in table_of(data.get("dependencies")).values():
        for name, row in table_of(framework).items():
            found.add(name, table_of(row).get("resolved"), "", table_of(row).get("contentHash"))
    return found.packages


_HOLDERS = frozenset({"dependency", "plugin", "parent", "extension", "exclusion"})


def pom(text: str) -> Packages:
    found = Found()
    properties: dict[str, str] = {}
    blocks: list[dict[str, str]] = []
    for path, _, inner in xml_elements(text):
        if path[-1] in _HOLDERS:
            blocks.append({"kind": path[-1]})
        elif path[-2:-1] == ("properties",):
            properties[path[-1]] = inner
        elif path[-1] in ("groupId", "artifactId", "version") and len(path) > 1 and path[-2] in _HOLDERS and blocks:
            blocks[-1][path[-1]] = inner
        elif path[-1] == "url" and path[-2:-1] in (("repository",), ("pluginRepository",)):
            found.add("repository", "", inner)
    for block in blocks:
        version = re.sub(r"\$\{([^{}]+)\}", lambda m: properties.get(m.group(1), m.group(0)), block.get("version", ""))
        name = f"{block.get('groupId', '')}:{block.get('artifactId', '')}".strip(":")
        if block["kind"] != "exclusion":
            found.add(name, version)
    return found.packages


def gradle(text: str) -> Packages:
    found = Found()
    for whole in re.findall(r"['\"]([\w.-]+:[\w.-]+(?::[^'\"@\s]+)?)[^'\"]*['\"]", text):
        name, _, version = whole.rpartition(":") if whole.count(":") > 1 else (whole, "", "")
        found.add(name, version)
    for name, version in re.findall(r"\bid\s*\(?\s*['\"]([\w.-]+)['\"]\s*\)?\s*version\s*['\"]([^'\"]+)", text):
        found.add(f"plugin {name}", version)
    for place in re.findall(r"\burl\s*=?\s*(?:uri\()?\s*['\"]([^'\"]+)", text):
        found.add("repository", "", place)
    return found.packages


def gradle_lock(text: str) -> Packages:
    found = Found()
    for name, version in re.findall(r"^([\w.-]+:[\w.-]+):([^=\s]+)=", text, re.MULTILINE):
        found.add(name, version)
    return found.packages


def gradle_catalogue(text: str) -> Packages:
    data, found = toml_of(text), Found()
    versions = table_of(data.get("versions"))
    for section in ("libraries", "plugins"):
        for row in table_of(data.get(section)).values():
            if isinstance(row, str):
                name, _, version = row.rpartition(":")
                found.add(name, version)
                continue
            row = table_of(row)
            name = row.get("module") or row.get("id") or f"{row.get('group', '')}:{row.get('name', '')}"
            version = row.get("version", "")
            if isinstance(version, Mapping):
                version = versions.get(version.get("ref", ""), "")
            found.add(name, str(version))
    return found.packages
