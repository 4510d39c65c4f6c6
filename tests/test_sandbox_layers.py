"""What a set-up phase needs of every kind of sandbox: layers and a PATH. Its network is in
test_sandbox_containment."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.ports import SandboxProvider
from engine.vocabulary.runs import Layer, Outcome
from tests.support.sandboxes import EVERY_PROVIDER, a_box, handed_over, provider_called

_provider_called = cache(provider_called)


@pytest.fixture(params=EVERY_PROVIDER)
def provider(request: pytest.FixtureRequest) -> SandboxProvider:
    found = _provider_called(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="orion-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def layer(folder: Path, name: str, **files: str) -> Path:
    made = folder / name
    made.mkdir()
    for file, text in files.items():
        (made / file).write_text(text)
        (made / file).chmod(0o755)
    return handed_over(made)


def test_a_writable_layer_keeps_what_is_written_to_it(provider: SandboxProvider, folder: Path) -> None:
    source = layer(folder, "made")
    with a_box(provider, layers=(Layer(source, "/setup", writable=True),)) as box:
        box.says("mkdir /setup/deep && echo it > /setup/deep/file")
        assert box.says("cat /setup/deep/file") == "it"
    assert (source / "deep" / "file").read_text() == "it\n"


def test_a_frozen_layer_can_be_read_and_run_but_not_changed(provider: SandboxProvider, folder: Path) -> None:
    source = layer(folder, "made", tool="#!/bin/sh\necho ran\n")
    with a_box(provider, layers=(Layer(source, "/setup"),)) as box:
        assert box.says("/setup/tool") == "ran"
        for attempt in ("touch /setup/new", "echo x > /setup/tool", "rm /setup/tool", "chmod 777 /setup/tool"):
            assert box.run(attempt).outcome is Outcome.FAILED
    assert [found.name for found in source.iterdir()] == ["tool"]


def test_a_layer_in_the_tree_covers_it_and_leaves_nothing_there(provider: SandboxProvider, folder: Path) -> None:
    source = layer(folder, "made", tool="#!/bin/sh\necho ran\n")
    other = handed_over(Path(tempfile.mkdtemp(dir=folder)))
    with a_box(provider, layers=(Layer(source, "/workspace/pkg/node_modules"),)) as box:
        assert box.says("pkg/node_modules/tool; echo beside > pkg/own") == "ran"
        assert box.run("touch pkg/node_modules/new").outcome is Outcome.FAILED
        assert box.run("rm -rf pkg/node_modules; mv pkg/node_modules away").outcome is Outcome.FAILED
        assert sorted(str(found.relative_to(box.tree)) for found in box.tree.rglob("*")) == [
            "pkg",
            "pkg/node_modules",
            "pkg/own",
        ]
        assert box.run("pkg/node_modules/tool", tree=other).output == b"ran\n"


@pytest.mark.parametrize("way", ["ln -s {} pkg", "mkdir pkg && ln -s {} pkg/node_modules", "touch pkg"])
def test_a_link_where_a_layer_belongs_is_never_followed(provider: SandboxProvider, folder: Path, way: str) -> None:
    source, elsewhere = layer(folder, "made"), handed_over(Path(tempfile.mkdtemp(dir=folder)))
    layers = (Layer(source, "/workspace/pkg/node_modules"),)
    with a_box(provider) as plain, a_box(provider, layers=layers) as box:
        plain.says(way.format(elsewhere))
        with pytest.raises(SandboxUnavailable, match="frozen set-up"):
            box.run("true", tree=plain.tree)
    assert list(elsewhere.iterdir()) == []


def test_a_layer_that_is_gone_is_named(provider: SandboxProvider, folder: Path) -> None:
    layers = (Layer(folder / "nowhere", "/setup"),)
    with pytest.raises(SandboxUnavailable, match="nowhere"), a_box(provider, layers=layers) as box:
        box.run("true")


def test_programs_of_a_layer_come_first_on_the_path(provider: SandboxProvider, folder: Path) -> None:
    source = layer(folder, "made", ls="#!/bin/sh\necho mine\n")
    with a_box(provider, layers=(Layer(source, "/setup"),), programs=("/setup",)) as box:
        assert box.says("ls") == "mine"


def test_a_layer_is_there_again_after_its_place_in_the_tree_was_made_anew(
    provider: SandboxProvider, folder: Path
) -> None:
    source = layer(folder, "made", tool="#!/bin/sh\necho ran\n")
    with a_box(provider, layers=(Layer(source, "/workspace/made"),)) as box:
        for _ in range(4):
            assert box.says("made/tool") == "ran"
            # As the take-back of a task does; a file system gives the next folder the same number.
            (box.tree / "made").rmdir()
