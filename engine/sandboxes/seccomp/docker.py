"""Orion's profile as the JSON that a Docker engine takes with `--security-opt seccomp=`."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, Any

from engine.sandboxes.seccomp.profile import Profile, orion_profile

if TYPE_CHECKING:
    from engine.sandboxes.seccomp.profile import Condition


def docker_profile(profile: Profile | None = None) -> str:
    """The profile as JSON. Other processors than the two named have no entry, and neither 32-bit x86 nor x32 is let in
    beside x86-64: a call by such a door ends the process."""
    chosen = profile or orion_profile()
    rules: list[dict[str, Any]] = [{"names": sorted(chosen.allowed), "action": "SCMP_ACT_ALLOW"}]
    for name, conditions in sorted(chosen.conditional.items()):
        rules += [{"names": [name], "action": "SCMP_ACT_ALLOW", "args": _tests(condition)} for condition in conditions]
    # Named one by one, since engines before 22 answer everything else with EPERM, at which libraries do not fall back.
    rules.append({"names": sorted(chosen.refused), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS})
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "defaultErrnoRet": errno.EPERM,
            "archMap": [
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
                {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
            ],
            "syscalls": rules,
        },
        separators=(",", ":"),
    )


def _tests(condition: Condition) -> list[dict[str, Any]]:
    return [
        {"index": test.argument, "value": test.mask, "valueTwo": test.value, "op": "SCMP_CMP_MASKED_EQ"}
        for test in condition
    ]
