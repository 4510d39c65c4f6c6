"""What sandboxes may use of a machine's memory, so that nobody starts more of them than it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryRoom:
    """MiB: what each sandbox may use, and what the machine (or the container that Orion runs in) has."""

    each_mib: int
    machine_mib: int

    def tight(self, parallel: int) -> bool:
        """Whether so many sandboxes may use more than three quarters of the machine: the rest is for the system, for
        Orion and for whoever works beside it."""
        return parallel * self.each_mib > self.machine_mib * 3 // 4

    def said(self, parallel: int) -> str:
        """One sentence for a person."""
        least = "" if not self.tight(parallel) else ": fewer at once, or a lower sandbox.memory_mib, leave it room"
        who = "a sandbox" if parallel == 1 else f"{parallel} sandboxes at once"
        uses = f"{parallel * self.each_mib:,} of this machine's {self.machine_mib:,} MiB of memory"
        return f"{who} may use {uses}{least}"
