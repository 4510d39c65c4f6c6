"""Which reader knows a file: the table from names of manifests and lock files to readers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from engine.governance import dependencies_compiled as compiled
from engine.governance import dependencies_python as python
from engine.governance import dependencies_script as script

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.governance.dependency_packages import Reader


def reader_of(path: str) -> Reader | None:
    """How to read a file of this name; None when it names no packages in a form known here."""
    folder, _, name = path.rpartition("/")
    for pattern, read in _READERS:
        if fnmatchcase(name.casefold(), pattern):
            return read
    if name.endswith((".txt", ".in")) and folder.rpartition("/")[2] == "requirements":
        return python.requirements
    return None


def _either(names: str, read: Reader) -> Iterable[tuple[str, Reader]]:
    return ((name, read) for name in names.split())


_READERS: tuple[tuple[str, Reader], ...] = (
    *_either("requirements*.txt requirements*.in *requirements.txt constraints*.txt", python.requirements),
    *_either("pyproject.toml", python.pyproject),
    *_either("pipfile", python.pipfile),
    *_either("pipfile.lock", python.pipfile_lock),
    *_either("poetry.lock uv.lock pdm.lock cargo.lock pylock.toml pylock.*.toml", compiled.toml_lock),
    *_either("setup.cfg", python.setup_cfg),
    *_either("environment.yml environment.yaml", python.conda),
    *_either("package.json", script.package_json),
    *_either("package-lock.json npm-shrinkwrap.json", script.package_lock),
    *_either("yarn.lock", script.yarn_lock),
    *_either("pnpm-lock.yaml", script.pnpm_lock),
    *_either("cargo.toml", compiled.cargo),
    *_either("go.mod go.work", compiled.go_mod),
    *_either("go.sum go.work.sum", compiled.go_sum),
    *_either("gemfile gems.rb *.gemspec", script.gemfile),
    *_either("gemfile.lock gems.locked", script.gemfile_lock),
    *_either("composer.json", script.composer),
    *_either("composer.lock", script.composer_lock),
    *_either("*.csproj *.fsproj *.vbproj directory.packages.props directory.build.props packages.config nuget.config",
             compiled.dotnet),
    *_either("packages.lock.json", compiled.dotnet_lock),
    *_either("pom.xml", compiled.pom),
    *_either("build.gradle build.gradle.kts settings.gradle settings.gradle.kts", compiled.gradle),
    *_either("gradle.lockfile buildscript-gradle.lockfile", compiled.gradle_lock),
    *_either("libs.versions.toml *.versions.toml", compiled.gradle_catalogue),
)  # fmt: skip
