"""Runs inside a sandbox, and outside of it as the control: every probe in a process of its own, one line of answers.

It stands on the standard library alone and is started as `python3 program.py FACTS PLACE`. FACTS is a JSON file that
the host side (host.py) wrote; PLACE is `sandbox`, `host` (the control) or `namespace` (the control as root of a user
namespace of its own). An answer is `escaped`, `held`, `none` (this kind of sandbox does not promise it, or the machine
has nothing of the kind, so that outside it proves nothing) or what went wrong.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Attempt = Callable[[], "bool | None"]
Facts = dict[str, Any]
SECONDS = 5
_LACKING = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EXDEV)

libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: int) -> tuple[int, int]:
    """The answer and the error number of a bare system call."""
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    return answer, ctypes.get_errno()


def answer(attempt: Attempt, place: str) -> str:
    """What the attempt came to, made in a child so that it may crash, hang or wreck its process."""
    near, far = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(near)
        signal.alarm(SECONDS)
        try:
            got_out = attempt()
            said = "none" if got_out is None else "escaped" if got_out else "held"
        except OSError as error:
            said = "none" if place != "sandbox" and error.errno in _LACKING else "held"
        except BaseException as error:  # whatever it is, the host side is told
            said = f"broken: {error!r}"
        os.write(far, said.encode()[:4000])
        os._exit(0)
    os.close(far)
    with os.fdopen(near, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said or "held"  # killed on the way


def main() -> None:
    import kernel
    import machine

    facts: Facts = json.loads(Path(sys.argv[1]).read_text())
    facts["place"] = sys.argv[2]
    # What only the command's first process can tell is looked at before anything forks.
    facts["session"] = os.getsid(0)
    facts["dies_with"] = ctypes.c_int()
    libc.prctl(2, ctypes.byref(facts["dies_with"]))
    facts["dies_with"] = facts["dies_with"].value
    probes: dict[str, Attempt] = {**kernel.probes(facts), **machine.probes(facts)}
    wanted = facts.get("only") or [name for name in probes if name not in facts.get("except", ())]
    links = {"link": facts["canary"], "folder": os.path.dirname(facts["canary"])}
    for name, target in links.items():
        os.symlink(target, name)
    answers = {name: answer(probes[name], facts["place"]) for name in wanted if name in probes}
    for name in links:
        os.unlink(name)
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
