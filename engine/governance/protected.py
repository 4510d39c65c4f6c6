"""Protected paths: files that make machines or agents act by themselves. A change to one is always a finding."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.governance.globs import regex_of
from engine.governance.path_classes import classify_path
from engine.governance.paths import plain
from engine.vocabulary.actions import ActionClass

_GROUPS: tuple[tuple[str, str], ...] = (
    (
        "instructions that coding agents follow",
        (
            "AGENTS.md AGENT.md CLAUDE.md CLAUDE.local.md GEMINI.md QWEN.md CONVENTIONS.md .cursorrules "
            ".windsurfrules .clinerules .goosehints .cursor/ .claude/ .windsurf/ .continue/ .codex/ .gemini/ .roo/ "
            ".kiro/ .amazonq/ .junie/ .aider* llms.txt **/.github/copilot-instructions.md **/.github/instructions/** "
            "**/.github/prompts/** .mcp.json mcp.json SKILL.md"
        ),
    ),
    (
        "git settings that act on every checkout",
        ".gitattributes .gitmodules .gitconfig .githooks/ .husky/ lefthook.yml .lefthook.yml",
    ),
    (
        "an editor's or a shell's settings, which can run programs when the folder is opened",
        (
            ".vscode/ .idea/ .zed/ .devcontainer/ .devcontainer.json .envrc .vimrc .nvimrc .exrc .dir-locals.el "
            "*.code-workspace .fleet/"
        ),
    ),
    (
        "a build file, whose commands run on the machine of whoever builds",
        (
            "Makefile GNUmakefile *.mk justfile Taskfile.y*ml Rakefile CMakeLists.txt meson.build build.gradle "
            "build.gradle.kts build.rs setup.py setup.cfg pyproject.toml package.json .npmrc .yarnrc .yarnrc.yml "
            ".pnpmfile.cjs .cargo/ gradle/wrapper/ **/gradle/wrapper/** .mvn/ binding.gyp composer.json Gemfile "
            "*.gemspec *.targets *.props BUILD BUILD.bazel *.bzl noxfile.py tox.ini dodo.py tasks.py fabfile.py "
            "pip.conf .pypirc Directory.Build.props pom.xml build.xml build.sbt settings.gradle settings.gradle.kts "
            "mix.exs Package.swift build.zig SConstruct SConscript wscript Podfile *.podspec Vagrantfile Earthfile "
            "Tiltfile Procfile .yarn/"
        ),
    ),
    (
        "the set-up of the tests, which decides what a green result means",
        (
            "conftest.py pytest.ini .coveragerc jest.config.* vitest.config.* karma.conf.* .mocharc* "
            "cypress.config.* playwright.config.* phpunit.xml phpunit.xml.dist sitecustomize.py usercustomize.py "
            "*.pth .rspec codecov.yml unittest.py /unittest/ /pytest.py /_pytest/ .nycrc* ava.config.* .bunfig.toml "
            "bunfig.toml web-test-runner.config.* nose2.cfg .testr.conf .stestr.conf"
        ),
    ),
    ("ownership rules of the code host", "CODEOWNERS"),
)


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile("|".join(f"(?:{regex_of(glob.casefold())})" for glob in globs.split()), re.DOTALL), reason)
        for reason, globs in _GROUPS
    )


_CLASSES = {
    ActionClass.CI_CHANGE: "a CI workflow, which runs with the project's rights",
    ActionClass.GOVERNANCE_CHANGE: "Orion's own rules",
    ActionClass.SECRET_READ: "a file that usually holds secrets",
}


@lru_cache(maxsize=16384)
def protected_reason(path: str) -> str | None:
    """Why a person has to accept a change of this file by name (THREATS row 19), or None for an ordinary one."""
    spelled = plain(path)
    for regex, reason in _rules():
        if regex.match(spelled):
            return reason
    return _CLASSES.get(classify_path(path))
