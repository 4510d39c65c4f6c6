"""One-time codes (RFC 6238: SHA-1, 6 digits, 30 s) and the backup codes for a lost authenticator."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_S = 30
BACKUP_CODES = 6
_DIGITS = 6
# No letters or digits that are read for one another; ten of 30 are 49 bits, which nobody guesses in five tries.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz2346789"
_HALF = 5


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    import pyotp

    return pyotp.random_base32(32)


def provisioning_uri(secret: str, account: str) -> str:
    """The `otpauth://` address that a QR code carries; the app lists it as Orion with the account's name."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="Orion")


def step_of(secret: str, code: str, now_s: float, after_step: int) -> int | None:
    """The time step that the code belongs to: this one, the one before or the one after, and later than `after_step`,
    so that none is good twice. None for a wrong or used code. `now_s` counts from 1970."""
    import pyotp

    if len(code) != _DIGITS or not (code.isascii() and code.isdigit()):
        return None
    counted = pyotp.HOTP(secret)
    present = int(now_s // STEP_S)
    found = None
    # All three are computed whatever matches, so that the time it takes tells nothing.
    for step in (present - 1, present, present + 1):
        same = hmac.compare_digest(counted.at(max(step, 0)), code)
        if same and step > after_step and found is None:
            found = step
    return found


def new_backup_codes() -> tuple[str, ...]:
    """Six codes such as `k3f9m-x2qtb`, to be shown once."""
    return tuple(f"{_letters()}-{_letters()}" for _ in range(BACKUP_CODES))


def backup_hash(code: str, key: bytes) -> str:
    """What is kept of a backup code. They are random enough for a fast keyed hash."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return hmac.digest(key, f"backup {plain}".encode("utf-8", "surrogatepass"), "sha256").hex()


def without_backup(code: str, key: bytes, kept: Sequence[str]) -> tuple[str, ...] | None:
    """The hashes that are left when this backup code is used up; None when it is none of them."""
    given = backup_hash(code, key)
    matches = [hmac.compare_digest(given, one) for one in kept]
    if not any(matches):
        return None
    return tuple(one for one, same in zip(kept, matches, strict=True) if not same)


def _letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))
