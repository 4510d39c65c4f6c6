"""Secrets that were planted are found nowhere outside the keychain: the home is searched byte by byte."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

from tests.support.cli import Orion, Ran

PIN, WRONG, KEY = "483926", "927364", "orion-canary-4f9c1d7e2b8a6035"


def spelled(secret: str) -> dict[str, bytes]:
    """The secret as it could stand in a file."""
    plain = secret.encode()
    return {
        "plain": plain,
        "reversed": plain[::-1],
        "base64": base64.b64encode(plain).rstrip(b"=")[:-1],
        "base32": base64.b32encode(plain).rstrip(b"=")[:-1],
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "utf-16": secret.encode("utf-16-le"),
        "percent": quote(secret, safe="").encode(),
        "escaped": "".join(f"\\u{ord(char):04x}" for char in secret).encode(),
    }


def test_no_secret_stands_anywhere_but_in_the_keychain(home: Path, repository: Path) -> None:
    orion = Orion(home, repository)
    said: list[Ran] = []
    (home).mkdir(mode=0o700)
    (home / "config.yaml").write_text("models: {m: {api: anthropic, model: x, keychain: routed}}\n")
    (home / "config.yaml").chmod(0o600)
    said.append(orion("setup", "--yes", "--pin-stdin", "--json", given=f"{PIN}\n"))
    said.append(orion("auth", "verify", "--pin-stdin", given=f"{WRONG}\n"))
    said.append(orion("auth", "verify", "--pin-stdin", given=f"{PIN}\n"))
    said.append(orion("model", "key", "m", "--key-stdin", given=f"{KEY}\n"))
    assert [ran.code for ran in said[1:]] == [7, 0, 0], [ran.err for ran in said]
    offered = orion("auth", "set", "totp", "--json", "--pin-stdin", given=f"{PIN}\n")
    totp = offered.json["secret"]
    said.append(orion("work", "--playbook", "tidy", "--yes", "--json"))
    said.append(orion("audit", "export", "-o", str(home / "export.jsonl")))
    said += [orion("audit", "show", "--json"), orion("doctor", "--json"), orion("settings", "get", "--json")]
    files = [path for path in home.rglob("*") if path.is_file() and (home / "keychain") not in path.parents]
    found = [
        f"{name} ({how}) in {path.relative_to(home)}"
        for name, secret in (("the PIN", PIN), ("a wrong PIN", WRONG), ("the key", KEY), ("the TOTP secret", totp))
        for how, spelling in spelled(secret).items()
        for path in files
        if spelling in path.read_bytes()
    ]
    assert found == []
    assert len(files) > 5
    text = "".join(ran.out + ran.err for ran in said)
    assert [secret for secret in (PIN, WRONG, KEY, totp) if secret in text] == []
