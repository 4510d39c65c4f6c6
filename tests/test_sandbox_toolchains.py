"""Which folders of the host may enter the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.sandboxes.toolchains import default_toolchains, has_python
from engine.vocabulary.errors import ConfigError


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    made = tmp_path / "tools" / "node-20"
    (made / "bin").mkdir(parents=True)
    return made


def test_configured_folders_are_taken_as_they_are_and_once(chain: Path) -> None:
    assert default_toolchains((str(chain), f"{chain}/", "/usr/lib"), orion_home=chain.parent.parent / "no") == (
        chain,
        Path("/usr/lib"),
    )


def test_an_empty_list_means_none_at_all(tmp_path: Path) -> None:
    assert default_toolchains((), system=tmp_path) == ()


def test_without_a_system_python_the_one_that_runs_orion_is_taken(tmp_path: Path) -> None:
    base = Path(sys.base_prefix)
    expected = () if base.is_relative_to("/usr") else (base,)
    assert default_toolchains(None, system=tmp_path) == expected


def test_a_system_python_makes_another_unnecessary(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3").touch()
    assert not has_python(tmp_path), "a Python without its standard library is no help"
    (tmp_path / "usr/lib/python3.12/json").mkdir(parents=True)
    assert has_python(tmp_path)
    assert default_toolchains(None, system=tmp_path) == ()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("tools", "absolute"),
        ("/nowhere/at/all", "no folder"),
        ("/", "too much"),
        ("/etc", "too much"),
        ("/etc/ssl", "too much"),
        ("/proc/self", "too much"),
        ("/var/..", "too much"),
        ("/home", "home"),
        (str(Path.home()), "home"),
        ("/usr/..", "too much"),
    ],
)
def test_a_folder_that_would_open_the_machine_is_refused(path: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        default_toolchains((path,), orion_home=tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["docker.sock", "credentials.toml", ".npmrc"])
def test_a_folder_with_keys_or_a_socket_in_it_is_refused(chain: Path, name: str) -> None:
    (chain / name).touch()
    with pytest.raises(ConfigError, match=name):
        default_toolchains((str(chain),), orion_home=chain.parent.parent / "no")


def test_places_of_keys_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".ssh" / "tools").mkdir(parents=True)
    with pytest.raises(ConfigError, match="keys"):
        default_toolchains((str(tmp_path / ".ssh" / "tools"),), orion_home=tmp_path / "no")


def test_orions_own_records_are_refused_from_above_and_below(chain: Path) -> None:
    for home in (chain, chain / "deep" / ".orion", chain.parent):
        with pytest.raises(ConfigError, match="Orion"):
            default_toolchains((str(chain),), orion_home=home)


def test_a_link_counts_as_what_it_points_to(tmp_path: Path, chain: Path) -> None:
    (tmp_path / "innocent").symlink_to("/etc")
    with pytest.raises(ConfigError, match="too much"):
        default_toolchains((str(tmp_path / "innocent"),), orion_home=tmp_path / "no")
    (tmp_path / "current").symlink_to(chain)
    assert default_toolchains((str(tmp_path / "current"),), orion_home=tmp_path / "no") == (tmp_path / "current",)
