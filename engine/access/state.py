"""What is kept about the second factor, as one value and its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.access.lockout import POLICIES, RESET_S, Lockout, Policy, Wait, lockout_from_json, wait_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """A TOTP secret that no live code has confirmed yet; `at_s` counts from 1970."""

    secret: str
    at_s: float


@dataclass(frozen=True, slots=True)
class AccessState:
    """`method` is pin or totp, or empty. `key` (hex) makes the hashes keyed ones; empty for a PIN that came from an
    older `auth.json`. `last_step` is the time step of the newest code that was accepted, `backup` hashes the codes
    not yet used. `generation` grows with each write."""

    method: str = ""
    key: str = ""
    pin_hash: str = ""
    totp_secret: str = ""
    last_step: int = 0
    backup: tuple[str, ...] = ()
    offer: Offer | None = None
    lockout: Lockout = field(default_factory=Lockout)
    reset: Wait | None = None
    generation: int = 0

    @property
    def policy(self) -> Policy:
        return POLICIES[self.method or "pin"]

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "method": self.method,
            "key": self.key,
            "pin_hash": self.pin_hash,
            "totp_secret": self.totp_secret,
            "last_step": self.last_step,
            "backup": list(self.backup),
            "offer": {"secret": self.offer.secret, "at_s": self.offer.at_s} if self.offer else None,
            "lockout": self.lockout.to_json(),
            "reset": self.reset.to_json() if self.reset else None,
            "generation": self.generation,
        }


def state_from_json(data: Mapping[str, Any]) -> AccessState:
    """Raises KeyError, TypeError or ValueError for anything that `to_json` did not write."""
    method = data["method"]
    if data["version"] != VERSION or method not in ("", *POLICIES):
        raise ValueError("not a state of this version")
    offer = data["offer"]
    return AccessState(
        method=method,
        key=bytes.fromhex(data["key"]).hex(),
        pin_hash=str(data["pin_hash"]),
        totp_secret=str(data["totp_secret"]),
        last_step=int(data["last_step"]),
        backup=tuple(str(one) for one in data["backup"]),
        offer=Offer(str(offer["secret"]), float(offer["at_s"])) if offer else None,
        lockout=lockout_from_json(data["lockout"], POLICIES[method or "pin"]),
        reset=wait_from_json(data["reset"], RESET_S) if data["reset"] else None,
        generation=int(data["generation"]),
    )
