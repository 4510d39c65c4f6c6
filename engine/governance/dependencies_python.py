"""The packages that Python's manifests and lock files name."""

from __future__ import annotations

import json
import re

from engine.governance.dependency_packages import ORIGIN, Found, Packages, add_named, rows_of, table_of, toml_of

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(@\s*\S+|[^;#]*)")


def _required(found: Found, line: object) -> None:
    """One requirement of Python's: a name, extras, then a range or `@ URL`."""
    match = _REQUIREMENT.match(line) if isinstance(line, str) else None
    if match is None:
        return
    spec = match.group(2).strip()
    name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
    found.add(name, "" if spec.startswith("@") else spec.strip("() "), spec[1:].strip() if spec[:1] == "@" else "")


def requirements(text: str) -> Packages:
    found = Found()
    for line in text.replace("\\\n", " ").splitlines():
        line = re.sub(r"(?:^|\s)#.*", "", line).strip()
        hashes = re.findall(r"--hash[= ](\S+)", line)
        line = re.sub(r"\s--hash[= ]\S+", "", line).strip()
        if line.startswith("-"):
            option, _, value = line.replace("=", " ", 1).partition(" ")
            found.add(option, "", value.strip())
        elif ORIGIN.match(line):
            found.add(line.rpartition("#egg=")[2] or line, "", line)
        else:
            _required(found, line)
            match = _REQUIREMENT.match(line)
            if match and hashes:
                found.add(re.sub(r"[-_.]+", "-", match.group(1)).lower(), content=hashes)
    return found.packages


def pyproject(text: str) -> Packages:
    data, found = toml_of(text), Found()
    project, tool = table_of(data.get("project")), table_of(data.get("tool"))
    lists = [project.get("dependencies"), table_of(data.get("build-system")).get("requires")]
    lists += [
        *table_of(project.get("optional-dependencies")).values(),
        *table_of(data.get("dependency-groups")).values(),
    ]
    lists += [table_of(tool.get("uv")).get("dev-dependencies"), table_of(tool.get("uv")).get("constraint-dependencies")]
    for each in lists:
        for line in each if isinstance(each, list) else ():
            _required(found, line)
    poetry = table_of(tool.get("poetry"))
    for table in (
        poetry.get("dependencies"),
        poetry.get("dev-dependencies"),
        *(table_of(group).get("dependencies") for group in table_of(poetry.get("group")).values()),
        table_of(tool.get("uv")).get("sources"),
    ):
        add_named(found, table)
    for key in ("index", "source"):
        for whose in ("uv", "poetry", "pdm"):
            for row in rows_of(table_of(tool.get(whose)).get(key)):
                found.add(f"{key} {row.get('name', '')}", "", row.get("url"))
    return found.packages


def pipfile(text: str) -> Packages:
    data, found = toml_of(text), Found()
    for key, table in data.items():
        if key == "source":
            for row in rows_of(table):
                found.add(f"source {row.get('name', '')}", "", row.get("url"))
        elif key not in ("requires", "scripts", "pipenv"):
            add_named(found, table)
    return found.packages


def pipfile_lock(text: str) -> Packages:
    data, found = json.loads(text), Found()
    for section in ("default", "develop"):
        for name, row in table_of(data.get(section)).items():
            row = table_of(row)
            found.add(name, row.get("version"), row.get("git") or row.get("file"), row.get("hashes"))
    return found.packages


def setup_cfg(text: str) -> Packages:
    found = Found()
    for body in re.findall(r"^(?:install_requires|setup_requires|tests_require)\s*=((?:[^\n]*\n?)(?:[ \t]+[^\n]*\n?)*)",
                           text, re.MULTILINE):  # fmt: skip
        for line in body.splitlines():
            _required(found, line)
    extras = re.search(r"^\[options\.extras_require\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    for line in extras.group(1).replace("=\n", "\n").splitlines() if extras else ():
        if line[:1] in (" ", "\t"):
            _required(found, line)
    return found.packages


def conda(text: str) -> Packages:
    found = Found()
    for line in re.findall(r"^\s*-\s+['\"]?([^'\"#\n]+)", text, re.MULTILINE):
        name, version = [*re.split(r"(?=[=<>!~])", line.strip(), maxsplit=1), ""][:2]
        found.add(name, version.lstrip("=") if version[:1] == "=" else version)
    return found.packages
