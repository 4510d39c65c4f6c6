"""Why bubblewrap does not run on this machine, in words, with what to do about it."""

from __future__ import annotations

from pathlib import Path

_PROFILE = "/etc/apparmor.d/orion-bubblewrap"


def diagnose(program: Path, said: str = "", proc: Path = Path("/proc")) -> tuple[str, str]:
    """(reason, hint) for a bubblewrap that could not make its namespaces and `said` something about it; both empty when
    no known cause is in force. `proc` is where the kernel's settings are read, for tests."""
    if _setting(proc, "kernel/apparmor_restrict_unprivileged_userns") == "1":
        # Ubuntu 23.10 and later, see containers/bubblewrap issue 632.
        return (
            "AppArmor forbids unprivileged user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)",
            f"save this as {_PROFILE} and run `sudo apparmor_parser -r {_PROFILE}`:\n{apparmor_profile(program)}",
        )
    if _setting(proc, "kernel/unprivileged_userns_clone") == "0":
        return (
            "this kernel forbids unprivileged user namespaces (kernel.unprivileged_userns_clone = 0)",
            "run `sudo sysctl kernel.unprivileged_userns_clone=1` and keep the setting in /etc/sysctl.d/",
        )
    if _setting(proc, "user/max_user_namespaces") == "0":
        return (
            "this machine allows no user namespaces (user.max_user_namespaces = 0)",
            "run `sudo sysctl user.max_user_namespaces=10000` and keep the setting in /etc/sysctl.d/",
        )
    if not (proc / "self" / "ns" / "user").exists():
        return ("this kernel has no user namespaces", "use a kernel with CONFIG_USER_NS")
    if any(words in said for words in ("not permitted", "No permissions", "ermission denied")):
        return (
            "something around Orion forbids namespaces or mounts (a container's seccomp profile, or SELinux)",
            "run Orion outside the container, or give it a seccomp profile that allows unshare, clone and mount",
        )
    return ("", "")


def apparmor_profile(program: Path) -> str:
    """The AppArmor profile that allows this one program to make user namespaces."""
    return (
        "abi <abi/4.0>,\n"
        "include <tunables/global>\n"
        f'profile orion-bubblewrap "{program}" flags=(unconfined) {{\n'
        "  userns,\n"
        "}\n"
    )


def _setting(proc: Path, name: str) -> str:
    try:
        return (proc / "sys" / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
