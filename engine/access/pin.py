"""The PIN as a slow hash over a keyed one: whoever has the hash alone, without the key from the keychain, has
nothing to try against."""

from __future__ import annotations

import base64
import hashlib
import hmac

COST = 12
"""bcrypt's: about 0.3 s, one more twice that."""


def hash_pin(pin: str, key: bytes, cost: int = COST) -> str:
    """What is kept of a PIN. `key` is 32 random bytes that stand in the keychain only."""
    import bcrypt

    return bcrypt.hashpw(_keyed(pin, key), bcrypt.gensalt(cost)).decode()


def is_pin(pin: str, key: bytes, kept: str) -> bool:
    """Whether this is the PIN that was kept. Raises ValueError when bcrypt cannot read what was kept."""
    import bcrypt

    return bcrypt.checkpw(_keyed(pin, key) if key else _plain(pin), kept.encode())


def _keyed(pin: str, key: bytes) -> bytes:
    # bcrypt reads at most 72 bytes and stops at a zero byte; this is 44 bytes without one, whatever was typed.
    return base64.b64encode(hmac.digest(key, pin.encode("utf-8", "surrogatepass"), "sha256"))


def _plain(pin: str) -> bytes:
    # How an older `auth.json` hashed it; replaced by the keyed hash at the next right try.
    return base64.b64encode(hashlib.sha256(pin.encode("utf-8", "surrogatepass")).digest())
