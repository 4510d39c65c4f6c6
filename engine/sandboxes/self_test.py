"""Tries to get out of a sandbox before anything untrusted runs in it; what gets out stops the session.

Five kinds of attempts in one command that needs no more than a shell, so that it works in any image. Where the host can
tell whether an attempt succeeded (a file written, a connection that came in, a key that was read), it is asked, and not
the sandbox.
"""

from __future__ import annotations

import platform
import secrets
import socket
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from engine.sandboxes.scratch import scratch
from engine.sandboxes.seccomp.bpf import supported
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Attempt, SandboxSpec, SelfTest
from engine.vocabulary.text import decoded, first_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.vocabulary.ports import Sandbox, SandboxProvider

_SAID = "orion-self-test"
_TIMEOUT_S = 20.0
WRITE, KEY, NETWORK, CAPABILITY, NAMESPACE = (
    *("writes outside its tree", "reads a file of the host", "reaches a listener of the host"),
    *("holds or gains a privilege", "makes a namespace"),
)

# $1: a folder of the host that anybody may write. $2: the port of a listener there. $3: whether a filter of system
# calls is promised. Each line that it says starts with the kind of attempt that got out; `by` names means, `done` ends.
_SCRIPT = f"""
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; unset LD_PRELOAD LD_LIBRARY_PATH
say() {{ echo "{_SAID} $*"; }}
has() {{ command -v "$1" > /dev/null 2>&1; }}
# Root of a rootless engine is an ordinary user outside.
mapped() {{ read -r inside outside rest < /proc/self/uid_map && [ "$inside" = 0 ] && [ "$outside" != 0 ]; }}
exec 2> /dev/null
for place in "$1" "/proc/1/root$1" "/proc/self/root$1"; do
  (: > "$place/written") && say write "$place"
  cat "$place/key" && say key "$place"
done
for place in / /usr /etc /bin /lib /proc/sys/kernel; do
  (: > "$place/{_SAID}") && say write "$place" && rm -f "$place/{_SAID}"
done
(: > /proc/sys/kernel/core_pattern) && say write /proc/sys/kernel/core_pattern
if has bash; then
  say by network bash; bash -c ": < /dev/tcp/127.0.0.1/$2" && say network 127.0.0.1
elif has python3; then
  say by network python3
  python3 -c "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)" "$2" && say network
elif has perl; then
  say by network perl
  perl -MIO::Socket::INET -e 'IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or exit 1' "$2" && say network
elif has nc; then
  say by network nc; nc -w 2 127.0.0.1 "$2" < /dev/null && say network
elif has wget; then
  say by network wget; wget -q -T 2 -O /dev/null "http://127.0.0.1:$2/" && say network
fi
while read -r name rest; do
  case "$name" in
    *lo:* | Inter-* | face) ;;
    *:*) say network "interface $name" ;;
  esac
done < /proc/net/dev
while read -r name value rest; do
  case "$name" in
    CapInh: | CapPrm: | CapEff: | CapBnd: | CapAmb:)
      case "$value" in *[!0]*) say capability "$name $value" ;; esac ;;
    NoNewPrivs:) [ "$value" = 1 ] || say capability "programs may give new privileges" ;;
    Seccomp:) [ "$3" = no ] || [ "$value" = 2 ] || say capability "no filter of system calls" ;;
    Uid:) [ "$value" != 0 ] || mapped || say capability "the user is root" ;;
  esac
done < /proc/self/status
has mount && mount -t tmpfs none /tmp && say capability mount
has chroot && chroot / /bin/sh -c : && say capability chroot
if has unshare; then
  say by namespace unshare
  unshare --user sh -c : && say namespace user
  unshare --net sh -c : && say namespace net
fi
say done
"""


def self_test(sandbox: Sandbox, tree: Path | None = None) -> SelfTest:
    """Try the ways out of a sandbox in which nothing untrusted has run yet, on `tree` where its own is not made yet.
    Raises SandboxUnavailable when the test itself cannot be carried out."""
    began = time.monotonic()
    secret = secrets.token_hex(16)
    with ExitStack() as stack:
        # Whoever commands are on the host, the file's mode is not to be what holds.
        folder = stack.enter_context(scratch(0o777))
        (folder / "key").write_text(secret, encoding="ascii")
        listener = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        listener.setblocking(False)
        filtered = "yes" if supported(platform.machine()) else "no"
        words = f"set -- '{folder}' {listener.getsockname()[1]} {filtered}\n"
        result = sandbox.run(words + _SCRIPT, timeout_s=_TIMEOUT_S, stop=threading.Event(), tree=tree)
        said = [line.split(" ")[1:] for line in decoded(result.output).splitlines() if line.startswith(f"{_SAID} ")]
        if ["done"] not in said:
            last = visible(first_line(decoded(result.output))) or f"it ended as {result.outcome}"
            raise SandboxUnavailable(
                f"the sandbox's self-test did not finish: {last}", "orion doctor runs it again and shows more"
            )
        got_out = _told(said)
        if (folder / "written").exists():
            got_out[WRITE].append("a file of the host")
        if secret.encode() in result.output:
            got_out[KEY].append("a key of the host")
        if _came(listener):
            got_out[NETWORK].append("a listener on the host's loopback")
    means = {words[1]: words[2] for words in said if words[0] == "by"}
    by = {NETWORK: means.get("network", "the list of interfaces"), NAMESPACE: means.get("namespace", "the filter")}
    attempts = tuple(
        Attempt(name, ", ".join(dict.fromkeys(ways)), by.get(name, "sh")) for name, ways in got_out.items()
    )
    return SelfTest(attempts, time.monotonic() - began)


def proven(open_: Callable[[SandboxSpec], Sandbox]) -> Callable[[SandboxSpec], Sandbox]:
    """The same way to open a sandbox, which hands out none that something can get out of. What it opens raises
    SandboxUnavailable and names what got out."""

    def opened(spec: SandboxSpec) -> Sandbox:
        sandbox = open_(spec)
        with ExitStack() as undo:
            undo.callback(sandbox.close)
            found = _tested(sandbox, spec.tree)
            if not found.held:
                raise SandboxUnavailable(
                    f"something got out of the sandbox ({sandbox.describe().name}), so nothing is run in it: {found}",
                    "run orion doctor; look for settings that weaken the sandbox, or choose another: --sandbox",
                )
            undo.pop_all()
        return sandbox

    return opened


def try_out(provider: SandboxProvider) -> SelfTest:
    """The self-test in a sandbox made for it alone. Raises SandboxUnavailable when there is none to be had."""
    with scratch(0o777) as folder:
        sandbox = provider.open(SandboxSpec(session="self-test", tree=folder))
        try:
            return self_test(sandbox)
        finally:
            sandbox.close()


def _tested(sandbox: Sandbox, tree: Path) -> SelfTest:
    if tree.is_dir():
        return self_test(sandbox)
    with scratch(0o777) as folder:
        return self_test(sandbox, folder)


def _told(said: list[list[str]]) -> dict[str, list[str]]:
    names = {"write": WRITE, "key": KEY, "network": NETWORK, "capability": CAPABILITY, "namespace": NAMESPACE}
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for word, *rest in said:
        if word in names:
            found[names[word]].append(visible(" ".join(rest)) or "it said so")
    return found


def _came(listener: socket.socket) -> bool:
    try:
        peer, _ = listener.accept()
    except BlockingIOError:
        return False
    peer.close()
    return True
