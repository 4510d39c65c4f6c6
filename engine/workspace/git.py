"""The one way Orion calls git: a clean environment and settings that leave nothing of a repository's to run.

A repository that somebody else wrote can name programs in its configuration, its hooks and its attributes. Every call
here says where the git directory is, inherits no variable but a short list, reads no system or global configuration
and overrides each setting that could start a program. What a caller must expect (an exit code) comes back as a value.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.text import shortened, visible
from engine.workspace import child

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ORION_IDENTITY = "Orion <orion@localhost>"
# 75 times what a checkout of 10,000 files takes (4 s). A call that is not done by then waits for what will not come: a
# dead network drive, a named pipe where a file should be.
TIMEOUT_S = 300.0
MOST_S = 86_400.0
TIMEOUT_VARIABLE = "ORION_GIT_TIMEOUT_S"

# Each of these either starts a program when a repository sets it, or makes an answer depend on one.
_SETTINGS: Mapping[str, str] = {
    "advice.detachedHead": "false",
    "commit.gpgSign": "false",
    "core.alternateRefsCommand": "false",
    "core.askPass": "",
    "core.attributesFile": "/dev/null",
    "core.editor": "false",
    "core.excludesFile": "/dev/null",
    "core.fsmonitor": "false",
    "core.gitProxy": "",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.quotePath": "true",
    "core.splitIndex": "false",
    "core.sshCommand": "false",
    "core.untrackedCache": "false",
    "credential.helper": "",
    "diff.renames": "false",
    "gc.auto": "0",
    "gpg.program": "false",
    "i18n.commitEncoding": "UTF-8",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "merge.directoryRenames": "false",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "safe.directory": "*",
    "status.submoduleSummary": "false",
    "submodule.recurse": "false",
    "tag.gpgSign": "false",
}
_INHERITED = ("PATH", "TZ", "TMPDIR")
_FIXED: Mapping[str, str] = {
    "GIT_ASKPASS": "false",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_EDITOR": "false",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C",
}
# What the one reading of a person's effective configuration may see besides.
_OWN_CONFIGURATION = (
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "EMAIL",
)


class GitStopped(WorkspaceError):
    """A call took too long and was killed, so it may have left locks and a half of its work."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said: its exit code, its whole standard output and its words on standard error."""

    code: int
    out: bytes
    err: str

    def words(self) -> str:
        """Git's own explanation, fit to be shown."""
        return shortened(visible(self.err.strip() or f"git ended with exit code {self.code}", keep="\n"), 2000)


def time_limit_s() -> float:
    """The most that one call may take, in seconds: 300 unless the environment says otherwise, for a repository so large
    or a drive so slow. Raises WorkspaceError for what is no such number."""
    text = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        limit = float(text) if text else TIMEOUT_S
    except ValueError:
        limit = 0.0
    if not 0 < limit <= MOST_S:
        raise WorkspaceError(
            f"{TIMEOUT_VARIABLE} is {visible(text)!r}", f"give a number of seconds up to {MOST_S:g}, or leave it out"
        )
    return limit


@dataclass(frozen=True, slots=True)
class Git:
    """Git on one git directory. `objects` replaces its object store, `alternates` adds one to read from, `index` names
    the index to use, `settings` are further configuration (they win over the repository's and over the built-in
    ones), `timeout_s` is the most that one call may take."""

    git_dir: Path
    work_tree: Path | None = None
    objects: Path | None = None
    alternates: Path | None = None
    index: Path | None = None
    settings: Mapping[str, str] | None = None
    timeout_s: float = field(default_factory=time_limit_s)

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        ok: Sequence[int] = (0,),
        identity: str = "",
        held: Sequence[int] = (),
        own_configuration: bool = False,
    ) -> Answer:
        """Run one git command to its end. An exit code outside `ok` raises WorkspaceError with git's words; one that
        takes too long is killed and raises GitStopped. `held` are file descriptors that the child keeps open (for locks
        that must live as long as it does)."""
        environment = self._environment(identity, own_configuration)
        given = child.Given(self._command(arguments), self._folder, environment, stdin, tuple(held))
        try:
            code, out, err = child.call(given, self.timeout_s)
        except child.OutOfTimeError as error:
            raise self._stopped(_verb(arguments)) from error
        except OSError as error:
            raise self._not_started(error) from error
        answer = Answer(code, out, err.decode("utf-8", "replace"))
        if answer.code not in ok:
            raise WorkspaceError(
                f"git {_verb(arguments)} failed: {answer.words()}", f"the repository is {self.git_dir}"
            )
        return answer

    def text(self, *arguments: str, stdin: bytes | None = None, identity: str = "") -> str:
        """The standard output of a command that must succeed, without the line's end."""
        return self.run(*arguments, stdin=stdin, identity=identity).out.decode("utf-8", "surrogateescape").rstrip("\n")

    @contextmanager
    def stream(self, *arguments: str, stdin: bytes | None = None) -> Iterator[IO[bytes]]:
        """The standard output of a command as it comes; the command is ended when the block is left. Reading raises
        GitStopped when nothing comes for as long as a call may take."""
        given = child.Given(self._command(arguments), self._folder, self._environment("", False), stdin)
        try:
            with child.stream(given, self.timeout_s) as out:
                yield out
        except child.OutOfTimeError as error:
            raise self._stopped(_verb(arguments)) from error

    @contextmanager
    def converse(self, *arguments: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The standard input and output of a command that answers one question after the other. Raises WorkspaceError
        when it ends meanwhile, GitStopped as `stream` does."""
        given = child.Given(self._command(arguments), self._folder, self._environment("", False))
        try:
            with child.converse(given, self.timeout_s) as pipes:
                yield pipes
        except child.OutOfTimeError as error:
            raise self._stopped(_verb(arguments)) from error
        except BrokenPipeError as error:
            raise WorkspaceError(f"git {_verb(arguments)} ended early", f"the repository is {self.git_dir}") from error

    def beside(self, *, index: Path | None = None, settings: Mapping[str, str] | None = None) -> Git:
        """The same repository with another index or further settings."""
        merged = {**(self.settings or {}), **(settings or {})}
        return replace(self, index=index or self.index, settings=merged)

    @property
    def _folder(self) -> Path:
        return self.work_tree or self.git_dir

    def _stopped(self, verb: str) -> GitStopped:
        return GitStopped(
            f"git {verb} did not end within {self.timeout_s:g} s and was stopped",
            f"something in {self.git_dir} makes git wait; run `git status` there and look what it waits for. Where "
            f"git is only slow, {TIMEOUT_VARIABLE} gives it more seconds",
        )

    def _not_started(self, error: OSError) -> WorkspaceError:
        if not self._folder.is_dir():
            return WorkspaceError(f"{visible(str(self._folder))} is not there", "make it reachable, then try again")
        return WorkspaceError(f"git cannot be started: {error.strerror}", "see: orion doctor")

    def _command(self, arguments: Sequence[str]) -> list[str]:
        program = shutil.which("git")
        if program is None:
            raise WorkspaceError("git was not found", "install git 2.38 or newer and put it on the PATH")
        places = [f"--git-dir={self.git_dir}"]
        if self.work_tree is not None:
            places.append(f"--work-tree={self.work_tree}")
        return [program, "--no-pager", *places, *arguments]

    def _environment(self, identity: str, own_configuration: bool) -> dict[str, str]:
        """All that git inherits."""
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment |= _FIXED
        if own_configuration:
            for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
                del environment[name]
            environment |= {name: os.environ[name] for name in _OWN_CONFIGURATION if name in os.environ}
        else:
            environment |= _configuration({**_SETTINGS, **(self.settings or {})}) | _identity(identity)
        for name, path in (
            ("GIT_OBJECT_DIRECTORY", self.objects),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.alternates),
            ("GIT_INDEX_FILE", self.index),
        ):
            if path is not None:
                environment[name] = _quoted(path) if "ALTERNATE" in name else str(path)
        return environment


def _verb(arguments: Sequence[str]) -> str:
    """The command among the arguments, behind the options that git itself takes."""
    words = iter(arguments)
    for word in words:
        if word == "-c":
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def _quoted(path: Path) -> str:
    """A path in GIT_ALTERNATE_OBJECT_DIRECTORIES, where a colon separates and a leading quote starts C quoting."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _configuration(settings: Mapping[str, str]) -> dict[str, str]:
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _identity(identity: str) -> dict[str, str]:
    name, _, mail = (identity or ORION_IDENTITY).partition(" <")
    mail = mail.rstrip(">")
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
    }


def make_bare(
    folder: Path, object_format: str, *, attributes: str = "", exclude: str = "", private: bool = False
) -> Git:
    """An empty bare repository of Orion's own: no template, no hook, no remote. A `private` one has folders of mode
    0700 and files of mode 0600 whatever the umask is, now and whenever git adds some."""
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shared = "\tsharedRepository = 0600\n" if private else ""
    extension = "[extensions]\n\tobjectformat = sha256\n" if object_format == "sha256" else ""
    (folder / "config").write_text(
        f"[core]\n\trepositoryformatversion = {1 if extension else 0}\n\tbare = true\n\tfilemode = true\n"
        f"{shared}{extension}"
    )
    (folder / "HEAD").write_text("ref: refs/heads/orion\n")
    (folder / "info" / "attributes").write_text(attributes)
    (folder / "info" / "exclude").write_text(exclude)
    if private:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
    return Git(folder)
