"""What a repository's manifests ask for, where this machine has it, and the one command that takes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.engine import Engine
from engine.sandboxes.proposals import proposals
from engine.vocabulary.errors import ConfigError
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.runs import SandboxStatus
from tests.support.sessions import playbook


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with an empty system, a home and a repository."""
    for folder in ("system/usr/bin", "home", "repository", "orion"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def asked(
    machine: Path, *paths: str, configured: tuple[Path, ...] = (), search: str = ""
) -> list[tuple[str, bool, tuple[Path, ...]]]:
    found = proposals(
        paths,
        machine / "repository",
        configured,
        orion_home=machine / "orion",
        system=machine / "system",
        home=machine / "home",
        search=search,
    )
    return [(proposal.tool, proposal.inside, proposal.folders) for proposal in found]


def test_what_no_manifest_asks_for_is_not_proposed(machine: Path) -> None:
    program(machine / "home/.nvm/versions/node/v20/bin/node")
    assert asked(machine, "README.md", "src/main.c", "examples/deep/er/package.json") == []


def test_a_program_of_the_system_is_inside_already(machine: Path) -> None:
    program(machine / "system/usr/bin/node")
    assert asked(machine, "package.json") == [("Node", True, ())]


def test_a_version_managers_newest_is_proposed_where_nothing_else_is_used(machine: Path) -> None:
    program(machine / "home/.nvm/versions/node/v18/bin/node")
    newest = program(machine / "home/.nvm/versions/node/v20/bin/node").parent.parent
    assert asked(machine, "web/package.json") == [("Node", False, (newest,))]
    assert asked(machine, "package.json", configured=(newest,)) == [("Node", True, ())]


def test_the_one_that_the_person_uses_comes_first_but_no_shim(machine: Path) -> None:
    used = program(machine / "tools/go/bin/go")
    assert asked(machine, "go.mod", search=str(used.parent)) == [("Go", False, (machine / "tools/go",))]
    shims, rustup = machine / "home/.cargo/bin", machine / "home/.cargo/bin/rustup"
    program(rustup)
    (shims / "cargo").symlink_to(rustup)
    chain = program(machine / "home/.rustup/toolchains/stable/bin/cargo").parent.parent
    assert asked(machine, "Cargo.toml", search=str(shims)) == [("Cargo", False, (chain,))]


def test_a_virtual_environment_comes_with_the_python_that_it_is_built_on(machine: Path) -> None:
    base = program(machine / "home/.pyenv/versions/3.12.4/bin/python3").parent.parent
    venv = program(machine / "repository/.venv/bin/python3").parent.parent
    (venv / "pyvenv.cfg").write_text(f"home = {base}/bin\nversion = 3.12.4\n")
    assert asked(machine, "pyproject.toml") == [("Python", False, (venv, base))]


def test_an_environment_that_names_a_place_which_may_not_enter_is_not_proposed(machine: Path) -> None:
    keys = program(machine / "home/.ssh/bin/python3").parent
    venv = program(machine / "repository/.venv/bin/python3").parent.parent
    (venv / "pyvenv.cfg").write_text(f"home = {keys}\n")
    assert asked(machine, "pyproject.toml") == [("Python", False, ())]
    (venv / "pyvenv.cfg").unlink()
    (machine / "repository/venv").symlink_to(machine / "home")
    assert asked(machine, "pyproject.toml") == [("Python", False, ())]


def test_what_is_found_nowhere_is_said(machine: Path) -> None:
    (found,) = proposals(
        ["Gemfile"],
        machine / "repository",
        (),
        orion_home=machine / "orion",
        system=machine / "system",
        home=machine / "home",
        search="",
    )
    assert found.detail == "Gemfile needs Ruby: ruby was found nowhere on this machine where a sandbox may look"


def test_where_the_sandbox_brings_an_image_nothing_is_said_of_this_machines_own_programs(machine: Path) -> None:
    docker = SandboxStatus("docker", True, "", image="my/image", programs=("python3",))
    program(machine / "system/usr/bin/node")
    venv = program(machine / "repository/.venv/bin/python3").parent.parent
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n")
    python, node = proposals(
        ["pyproject.toml", "package.json"],
        machine / "repository",
        (),
        orion_home=machine / "orion",
        sandbox=docker,
        system=machine / "system",
        home=machine / "home",
        search=str(machine / "system/usr/bin"),
    )
    assert (python.inside, python.folders) == (True, ())
    assert python.detail == "pyproject.toml needs Python, which the sandbox's image my/image has"
    assert (node.inside, node.folders) == (False, ())
    assert node.detail == (
        "package.json needs Node: node is not in the sandbox's image my/image; sandbox.image takes one that has it"
    )


def test_a_setting_is_written_beside_its_comments_and_never_a_broken_one(engine: Engine, tmp_path: Path) -> None:
    path, chain = engine.settings.path(), tmp_path / "chain"
    chain.mkdir()
    engine.settings.write("sandbox.toolchains", f"[{chain}]")
    assert engine.settings.get().sandbox.toolchains == (str(chain),)
    path.write_text(f"# mine\nsandbox:\n  memory_mib: 1024   # big\n  toolchains: [{chain}]\n")
    engine.settings.write("limits.time_s", "90")
    engine.settings.write("sandbox.toolchains", None)
    text = path.read_text()
    assert text.startswith("# mine\nsandbox:\n  memory_mib: 1024   # big\n")
    assert engine.settings.get().limits.time_s == 90
    assert engine.settings.get().sandbox.toolchains is None
    for key, words in (("sandbox.toolchains", "[/]"), ("sandbox.memory_mib", "much"), ("sandbx.pids", "9"), ("a", "[")):
        with pytest.raises(ConfigError):
            engine.settings.write(key, words)
    assert path.read_text() == text


def test_the_doctor_names_what_is_missing_and_the_command_that_takes_it(
    engine: Engine, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orion_tui.cli.admin import settings

    chain = program(repository / ".venv/bin/python3").parent.parent
    (chain / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (repository / "setup.py").touch()
    report = engine.doctor.report(repository)
    assert "toolchains" not in [check.name for check in report.checks], "the manifest is not committed"
    monkeypatch.setenv("ORION_HOME", str(engine.home))
    done = CliRunner().invoke(settings, ["set", "sandbox.toolchains", f'["{chain}"]'])
    assert done.exit_code == 0
    assert engine.settings.get().sandbox.toolchains == (str(chain),)


def test_the_doctor_proposes_for_committed_manifests(engine: Engine, repository: Path) -> None:
    chain = program(repository / ".venv/bin/python3").parent.parent
    (chain / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (repository / "setup.py").touch()
    subprocess.run(["git", "-C", repository, "add", "setup.py"], check=True)
    subprocess.run(["git", "-C", repository, "commit", "-qm", "manifest"], check=True)
    (check,) = [check for check in engine.doctor.report(repository).checks if check.name == "toolchains"]
    assert check.status == "warn"
    assert check.detail.startswith("setup.py needs Python")
    assert "orion settings set sandbox.toolchains '[" in check.hint
    assert ".venv" in check.hint


def test_planning_says_what_the_sandbox_lacks(engine: Engine, repository: Path, tmp_path: Path) -> None:
    chain = program(repository / ".venv/bin/python3").parent.parent
    (chain / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (repository / "setup.py").touch()
    subprocess.run(["git", "-C", repository, "add", "setup.py"], check=True)
    subprocess.run(["git", "-C", repository, "commit", "-qm", "manifest"], check=True)
    request = SessionRequest(workspace=repository, playbook=playbook(tmp_path, {"id": "a"}), sandbox="bubblewrap")
    (notice,) = [text for text in engine.sessions.propose(request).notices if "needs Python" in text]
    assert "take it with: orion settings set sandbox.toolchains" in notice
