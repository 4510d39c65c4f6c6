"""What goes into a sandbox and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


WORKSPACE = "/workspace"
"""Where every sandbox has the tree."""

WELL_KNOWN = ("python3", "node", "cargo", "go", "java", "ruby")
"""Programs that a repository's manifests ask for, looked for in a sandbox's image."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A folder of the host seen inside at `place`, an absolute path: one of its own (`/setup`) or one inside the tree
    (`/workspace/node_modules`), where it covers what the tree has there. Read-only unless `writable`."""

    source: Path
    place: str
    writable: bool = False

    @property
    def in_tree(self) -> str:
        """The place as a path of the tree, empty for a layer outside it."""
        return self.place.removeprefix(f"{WORKSPACE}/") if self.place.startswith(f"{WORKSPACE}/") else ""


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """What a sandbox is made of: the writable `tree` (host folder, seen inside as `/workspace`), tool chains mounted
    read-only at their own paths, `git_dir` as a read-only `GIT_DIR` outside the tree, extra environment (an
    allow-list: nothing of the host's is inherited) and limits.

    `layers` is what a set-up phase froze (writable only while it runs); for one inside the tree an empty folder may be
    left where it was mounted. `programs` are folders inside that come first on the PATH. `network` is for a set-up
    phase alone: no agent ever works in a sandbox that has one. `worker` tells the sandboxes of one session apart that
    are open at the same time; each has the limits for itself."""

    session: str
    tree: Path
    toolchains: tuple[Path, ...] = ()
    git_dir: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_mib: int = 512
    cpus: float = 2.0
    pids: int = 128
    file_mib: int = 1024
    layers: tuple[Layer, ...] = ()
    programs: tuple[str, ...] = ()
    network: bool = False
    worker: int = 1


class Outcome(StrEnum):
    """How a command ended; a non-zero exit is `failed`, and every other value is an end that it did not choose. `lost`:
    the sandbox broke around it and was restarted on its tree."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_FOUND = "not_found"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class RunResult:
    """One command's end. `exit` is None when it was killed (then `signal` may say by what). `output` is standard
    output and error as they came, head and tail when it was long, with `dropped` bytes cut from the middle and said so
    in place. `missing` names the program for `not_found`. `restarted` says that the sandbox is a new one since, and how
    it differs: running the command again may end otherwise. Durations are seconds."""

    outcome: Outcome
    exit: int | None
    signal: int | None
    output: bytes
    dropped: int
    duration_s: float
    missing: str = ""
    restarted: str = ""


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """Whether a kind of sandbox can be had here: `detail` what was found, `hint` what to do when it cannot. `identity`
    changes when the programs that it brings do (an image's id, the system's release): a frozen set-up is bound to
    it. `fetchable` when only something that can be fetched (an image) is missing. `online` is what a set-up phase
    reaches, in words; nothing else ever has a network. `image` names what the tool chain comes in and `programs` those
    of `WELL_KNOWN` that it has; without an image the tool chain is this machine's. `unlimited` names what nothing
    limits here although a limit is promised (`memory`, `processors`, `processes`)."""

    name: str
    available: bool
    detail: str
    hint: str = ""
    version: str = ""
    identity: str = ""
    fetchable: bool = False
    online: str = ""
    image: str = ""
    programs: tuple[str, ...] = ()
    unlimited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One kind of way out of a sandbox that was tried: `name` says what got out would do, `got_out` names what did
    (empty when it held), `by` with which program or by what it was looked at."""

    name: str
    got_out: str
    by: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What a sandbox's self-test found, and how many seconds it took."""

    attempts: tuple[Attempt, ...]
    duration_s: float

    @property
    def held(self) -> bool:
        """Whether nothing got out."""
        return not any(attempt.got_out for attempt in self.attempts)

    def __str__(self) -> str:
        if self.held:
            return f"{len(self.attempts)} kinds of ways out tried, none led out"
        return "; ".join(f"{each.name} ({each.got_out})" for each in self.attempts if each.got_out)
