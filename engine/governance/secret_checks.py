"""What must hold of a match beyond its form, and what a token says about itself: checksum, header, account number."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import TYPE_CHECKING

from engine.governance.secret_values import is_dense, is_dummy, is_password, is_uuid, looks_random

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def holds(check: str, secret: str) -> bool:
    """Whether the rule's check lets the match stand. A checksum that fails does not clear a text: a token with a slip
    of the finger, or of a newer form, is still better looked at."""
    return _CHECKS.get(check, _any)(secret)


def proof_of(check: str, secret: str) -> str:
    """What the token itself proves, for a person: `checksum holds`, `account 123…`; empty when it proves nothing."""
    prove = _PROOFS.get(check)
    return prove(secret) if prove else ""


def _any(secret: str) -> bool:
    return not is_dummy(secret)


def _aws(secret: str) -> bool:
    return not is_dummy(secret) and not secret[4:].isdigit() and not secret[4:].isalpha() | secret.endswith("EXAMPLE")


def _jwt(secret: str) -> bool:
    """The first part must be a JSON object that names its algorithm or type."""
    return _is_header(_unpadded(secret.split(".", 1)[0]))


def _jwt_twice(secret: str) -> bool:
    """A JWT in base64 once more."""
    inner = _unpadded(secret[: len(secret) // 4 * 4])
    return inner.startswith(b"eyJ") and (
        inner.count(b".") >= 1 or _is_header(_unpadded(inner.decode("ascii", "ignore")))
    )


def _is_header(data: bytes) -> bool:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError):
        return data.startswith(b"{") and b'"' in data
    return isinstance(header, dict)


def _unpadded(text: str) -> bytes:
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _pem(secret: str) -> bool:
    """A key has a body; a placeholder in its place has blanks, dots or too little."""
    body = secret.split("KEY", 1)[-1].split("-----END")[0]
    return sum(char.isalnum() for char in body) >= 24 and "..." not in body


def _hash(secret: str) -> bool:
    return len(set(secret)) > 12


def _nuget(secret: str) -> bool:
    return not (secret.startswith("%") and secret.endswith("%")) and len(set(secret)) > 3


def _odbc(secret: str) -> bool:
    return len(set(secret)) > 3 and not is_dummy(secret)


def _basic(secret: str) -> bool:
    """User and password in base64, as HTTP and a registry's login want them."""
    user, colon, password = _unpadded(secret).partition(b":")
    return bool(user and colon) and len(set(password)) > 3 and (user + password).isascii() and b"<" not in password


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "aws": _aws,
    "jwt": _jwt,
    "jwt64": _jwt_twice,
    "pem": _pem,
    "hash": _hash,
    "nuget": _nuget,
    "odbc": _odbc,
    "basic": _basic,
    "random": looks_random,
    "dense": is_dense,
    "uuid": is_uuid,
    "password": is_password,
}


def _crc(body: str) -> str:
    """CRC32 of the body in six digits to the base 62, as GitHub and npm end their tokens."""
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits


def _crc_holds(secret: str) -> str:
    body = secret.rsplit("_", 1)[-1]
    return "checksum holds" if len(body) > 6 and _crc(body[:-6]) == body[-6:] else ""


def _account(secret: str) -> str:
    """The number of the AWS account that a key of the newer form carries in its first bits."""
    body = secret[4:12]
    if any(char not in _BASE32 for char in body) or secret[:4] not in ("AKIA", "ASIA"):
        return ""
    number = 0
    for char in secret[4:14]:
        if char not in _BASE32:
            return ""
        number = number << 5 | _BASE32.index(char)
    account = (number >> 2 & 0x7FFFFFFFFF80) >> 7
    return f"of account {account:012d}" if account < 10**12 else ""


def _issuer(secret: str) -> str:
    try:
        header = json.loads(_unpadded(secret.split(".", 1)[0]))
    except (ValueError, RecursionError):
        return ""
    return "signed token" if isinstance(header, dict) and "alg" in header else ""


_PROOFS: Mapping[str, Callable[[str], str]] = {
    "github": _crc_holds,
    "npm": _crc_holds,
    "aws": _account,
    "jwt": _issuer,
}
