"""Programs whose effects on files can be read from their arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.governance.classified import Touch
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a program uses its operands: `kind` says what happens to them, `skip` how many first ones are no paths,
    `last` what happens to the last one instead, `valued` names options whose value is no path."""

    kind: Touch
    skip: int = 0
    last: Touch | None = None
    valued: str = ""


_READS = (
    "cat head tail less more bat nl tac od xxd hexdump strings base64 base32 md5sum sha1sum sha256sum sha512sum cksum"
)
_READS += (
    " b2sum wc sort uniq cut comm cmp diff paste join column fold fmt rev ls stat file du tree readlink realpath zcat"
)
_READS += " bzcat xzcat view vim vi nano cloc tokei"
_TEXTS = "grep egrep fgrep rg ag ack sed awk gawk mawk nawk jq yq"

_SHAPES: Mapping[str, _Shape] = MappingProxyType(
    {
        **{name: _Shape(Touch.READ, valued="-n -c -k -t -d -f -s -w -L -I --lines --bytes") for name in _READS.split()},
        **{
            name: _Shape(Touch.READ, 1, valued="-A -B -C -m -g -t -T --glob --type --include --exclude -F -v")
            for name in _TEXTS.split()
        },
        "rm": _Shape(Touch.DELETE),
        "unlink": _Shape(Touch.DELETE),
        "rmdir": _Shape(Touch.DELETE),
        "shred": _Shape(Touch.DELETE, valued="-n -s"),
        "del": _Shape(Touch.DELETE),
        "trash": _Shape(Touch.DELETE),
        "mv": _Shape(Touch.DELETE, last=Touch.WRITE, valued="-S"),
        "patch": _Shape(Touch.WRITE, valued="-i -p -d"),
        "rename": _Shape(Touch.WRITE, 1),
        "cp": _Shape(Touch.READ, last=Touch.WRITE, valued="-S"),
        "install": _Shape(Touch.READ, last=Touch.WRITE, valued="-m -o -g"),
        "rsync": _Shape(Touch.READ, last=Touch.WRITE, valued="-e --exclude --include"),
        "ln": _Shape(Touch.READ, last=Touch.WRITE),
        "link": _Shape(Touch.READ, last=Touch.WRITE),
        "touch": _Shape(Touch.WRITE, valued="-d -t -r"),
        "tee": _Shape(Touch.WRITE),
        "sponge": _Shape(Touch.WRITE),
        "truncate": _Shape(Touch.WRITE, valued="-s -r"),
        "mkdir": _Shape(Touch.WRITE, valued="-m"),
        "chmod": _Shape(Touch.WRITE, 1),
        "chown": _Shape(Touch.WRITE, 1),
        "chgrp": _Shape(Touch.WRITE, 1),
        "chattr": _Shape(Touch.WRITE, 1),
        "setfacl": _Shape(Touch.WRITE, 1),
        "mkfifo": _Shape(Touch.WRITE),
        "dos2unix": _Shape(Touch.WRITE),
        "unix2dos": _Shape(Touch.WRITE),
        "unzip": _Shape(Touch.READ),
        "dd": _Shape(Touch.READ),
    }
)

_READABLE = re.compile(
    r"/(?:usr|bin|sbin|lib|lib64|opt)(?:/|\Z)|/dev/(?:null|zero|u?random|stdin|tty|fd/[0-9]+)\Z|/tmp(?:/|\Z)|"
    r"/etc/(?:os-release|debian_version|lsb-release|alpine-release)\Z|/proc/(?:cpuinfo|meminfo|version"
    r"|loadavg|uptime)\Z"
)
_WRITABLE = re.compile(r"/dev/(?:null|stdout|stderr|tty|fd/[0-9]+)\Z|/tmp/.")
_AWK_RUNS = re.compile(r"system\s*\(|\|\s*getline|\|\s*\"|\"\s*\|")
_SED_RUNS = re.compile(r"(?:^|;|\})\s*[0-9,$]*\s*e\b|/[gpi0-9]*e[gpi0-9]*\s*(?:;|\Z)")


def harmless(path: str, touch: Touch) -> bool:
    """A place outside the workspace that every program may use: the system's programs, `/dev/null`, `/tmp`."""
    if touch is Touch.WRITE and path == "/tmp":  # noqa: S108 - the sandbox's own
        return True
    return (_READABLE if touch is Touch.READ else _WRITABLE).match(path) is not None and "/../" not in path


def touches(name: str, arguments: Sequence[str]) -> list[tuple[int, Touch, str]] | None:
    """What happens to which argument: its index, how, and the path. None for a program that is not of this kind."""
    if name == "tar":
        return list(_tar(arguments))
    shape = _SHAPES.get(name)
    if shape is None:
        return None
    if name == "dd":
        return [
            (i, Touch.WRITE if word.startswith("of=") else Touch.READ, word[3:])
            for i, word in enumerate(arguments)
            if word.startswith(("if=", "of="))
        ]
    operands = _operands(arguments, frozenset(shape.valued.split()))
    skip = shape.skip
    if name in _TEXTS.split() and any(
        re.fullmatch(r"-[a-zA-Z]*[ef]|--expression.*|--file.*|--regexp.*", word) for word in arguments
    ):
        skip = 0
        operands = [
            (i, word) for i, word in operands if i == 0 or not re.fullmatch(r"-[a-zA-Z]*[ef]", arguments[i - 1])
        ]
    kind = shape.kind
    if _in_place(name, arguments):
        kind = Touch.WRITE
    out = [(i, kind, word) for i, word in operands[skip:]]
    if shape.last is not None and out:
        target = next((i + 1 for i, word in enumerate(arguments[:-1]) if word in ("-t", "--target-directory")), None)
        last = out[-1][0] if target is None else target
        out = [(i, shape.last if i == last else kind, word) for i, kind, word in out]
        if name == "mv" and not out[-1][2].startswith(("/", "~")):
            # What only changes its place is not lost.
            out = [(i, Touch.WRITE, word) for i, _, word in out]
        if name == "ln" and any(re.match(r"-[a-zA-Z]*s|--symbolic", word) for word in arguments):
            # A link's target is read from where the link stands.
            place = out[-1][2].rpartition("/")[0]
            out = [(i, how, f"{place}/{word}" if _from_place(word, place, how) else word) for i, how, word in out]
        if name in ("rsync", "scp"):
            out = [(i, kind, word) for i, kind, word in out if ":" not in word]
    if name == "sort":
        out += [(i + 1, Touch.WRITE, arguments[i + 1]) for i, word in enumerate(arguments[:-1]) if word == "-o"]
    return out


def _from_place(target: str, place: str, touch: Touch) -> bool:
    return touch is Touch.READ and place != "" and not target.startswith(("/", "~"))


def _in_place(name: str, arguments: Sequence[str]) -> bool:
    if name in ("sed", "yq"):
        return any(re.fullmatch(r"-[a-zA-Z]*i.*|--in-place.*|--inplace", word) for word in arguments)
    return name in ("awk", "gawk") and "inplace" in arguments


def kind_of(name: str, arguments: Sequence[str]) -> ActionClass:
    """The class of the command itself, where its operands do not say it all."""
    shape = _SHAPES.get(name)
    if name in ("rsync",) and any(re.match(r"[^/\s]+:|rsync://", word) for word in arguments):
        return ActionClass.NETWORK_REQUEST
    if shape is None or name in ("vim", "vi", "nano", "view", "dd", "unzip"):
        return ActionClass.COMMAND_RUN
    if shape.kind is Touch.DELETE and shape.last is None:
        return ActionClass.FILE_DELETE
    if shape.kind is Touch.READ and shape.last is None and not _in_place(name, arguments):
        return ActionClass.CODE_READ
    return ActionClass.COMMAND_RUN


def escapes(name: str, arguments: Sequence[str]) -> Iterator[str]:
    """Ways in which such a program runs another one after all."""
    program = " ".join(arguments)
    if name in ("awk", "gawk", "mawk", "nawk") and _AWK_RUNS.search(program):
        yield "the awk program runs commands"
    if name == "sed" and any(_SED_RUNS.search(word) for word in arguments if not word.startswith("-")):
        yield "the sed script may run commands"
    if name in ("vim", "vi", "view") and any(word.startswith(("-c", "+", "--cmd")) for word in arguments):
        yield "the editor is given commands to run"
    if name == "tar" and (
        "--checkpoint-action" in program or "--to-command" in program or "--use-compress-program" in program
    ):
        yield "tar is told to run a program"


def _operands(arguments: Sequence[str], valued: frozenset[str]) -> list[tuple[int, str]]:
    out: list[tuple[int, str]] = []
    ended = False
    skip = False
    for index, word in enumerate(arguments):
        if skip:
            skip = False
        elif ended or not word.startswith("-") or word == "-":
            out.append((index, word))
        elif word == "--":
            ended = True
        elif word in valued:
            skip = True
    return out


def _tar(arguments: Sequence[str]) -> Iterator[tuple[int, Touch, str]]:
    creates = any(re.fullmatch(r"-?[a-zA-Z]*[cru][a-zA-Z]*", word) for word in arguments[:1])
    for index, word in enumerate(arguments[1:], start=1):
        if word.startswith("-"):
            continue
        flag = arguments[index - 1]
        archive = re.fullmatch(r"-?[a-zA-Z]*f", flag) is not None
        if archive:
            yield index, Touch.WRITE if creates else Touch.READ, word
        elif flag == "-C":
            yield index, Touch.READ if creates else Touch.WRITE, word
        elif creates:
            yield index, Touch.READ, word
