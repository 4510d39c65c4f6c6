"""The first process of a container: it waits for words on its input, ends what a command left behind and says so.

It runs as the same user as the commands, so that it may kill them, but in another group, so that they can neither
trace it nor read its memory (the kernel asks for both numbers). No word of it can be forged: its input and output are
the container's own, which Orion holds. When Orion dies, its input ends, it ends, and with it every process of the
container.

It needs nothing of the image but `sh`, `sleep`, `chmod` and `rm`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from engine.sandboxes.docker.stream import Stream

TIDIED = ("/tmp", "/dev/shm", "/dev/mqueue", "/home/orion")  # noqa: S108  # nosec B108

# A process in a group other than ours is a command's. Zombies count against the limit of processes until they are
# collected, which the shell does when it waits for a child of its own; `spare` keeps a place free for that child.
SCRIPT = """PATH=/usr/local/bin:/usr/bin:/bin
export PATH
foreign() { for place in /proc/[0-9]*; do [ -G "$place" ] || return 0; done; return 1; }
left() { for file; do if [ -e "$file" ] || [ -L "$file" ]; then return 0; fi; done; return 1; }
spare() { sleep 2147483647 < /dev/null > /dev/null 2>&1 & spare=$!; }
own() { while read -r name value more; do case $name in "$1:") said=$value;; esac; done < /proc/self/status; }
count() {
    killed=0
    for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
        if [ -r "$file" ]; then
            while read -r name value; do if [ "$name" = oom_kill ]; then killed=$value; fi; done < "$file"
        fi
    done
}
tidy() {
    for folder in FOLDERS; do
        set -- "$folder"/* "$folder"/.[!.]* "$folder"/..?*
        if left "$@"; then
            rm -rf -- "$@" 2> /dev/null
            if left "$@"; then chmod -R u+rwx -- "$@" 2> /dev/null; rm -rf -- "$@" 2> /dev/null; fi
            if left "$@"; then state=dirty; fi
        fi
    done
    for file in /proc/sysvipc/*; do
        if { read -r _; read -r _; } < "$file" 2> /dev/null; then state=dirty; fi
    done
}
spare
said=; line=hello
for field in Uid Gid CapBnd NoNewPrivs Seccomp; do own $field; line="$line $field=$said"; done
echo "$line"
while read -r word; do
    state=clean
    if [ "$word" = end ]; then
        tries=0
        while foreign && [ $tries -lt 200 ]; do
            kill -9 -1 2> /dev/null
            wait "$spare" 2> /dev/null
            (:)
            tries=$((tries + 1))
        done
        kill -0 "$spare" 2> /dev/null || spare
        if foreign; then state=alive; else tidy; fi
    fi
    count
    echo "$word $state $killed"
done
""".replace("FOLDERS", " ".join(TIDIED))

_REPLY = re.compile(rb"(?P<word>look|end) (?P<state>clean|dirty|alive) (?P<killed>\d+)")


@dataclass(frozen=True, slots=True)
class Report:
    """What the keeper found: whether the container is as fresh as after its start, and how many processes the kernel
    has ended in it for want of memory so far."""

    clean: bool
    killed: int


class Keeper:
    """The conversation with a container's first process."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._unread = b""

    def hello(self, timeout_s: float) -> dict[str, str]:
        """What the kernel says of the container's first process, by the names of `/proc/self/status`."""
        words = self._line(timeout_s).decode("ascii", "replace").split()
        if not words or words[0] != "hello":
            raise SandboxUnavailable(f"the container's first process said {' '.join(words)[:200]!r}", _HINT)
        return dict(word.partition("=")[::2] for word in words[1:])

    def end(self, timeout_s: float) -> Report:
        """Kill every process of the last command and clear the temporary folders."""
        return self._ask(b"end", timeout_s)

    def look(self, timeout_s: float) -> Report:
        """Only count; nothing is ended."""
        return self._ask(b"look", timeout_s)

    def _ask(self, word: bytes, timeout_s: float) -> Report:
        self._stream.send(word + b"\n")
        found = _REPLY.fullmatch(line := self._line(timeout_s))
        if found is None or found["word"] != word:
            raise SandboxUnavailable(f"the container's first process said {line[:200]!r}", _HINT)
        return Report(found["state"] == b"clean", int(found["killed"]))

    def _line(self, timeout_s: float) -> bytes:
        while b"\n" not in self._unread:
            self._unread += self._stream.wait(timeout_s)
        line, _, self._unread = self._unread.partition(b"\n")
        return line


_HINT = "use an image with a POSIX shell, sleep, chmod and rm; orion doctor tries it"
