"""The secret scanner: encodings, archives, checksums, what cannot silence it, and what hostile text costs."""

from __future__ import annotations

import base64
import codecs
import gzip
import importlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.governance import secret_forms
from engine.governance.allow_list import Allowance, AllowList
from engine.governance.secret_checks import proof_of
from engine.governance.secret_rules import read_rules, rules
from engine.governance.secrets import redact, scan

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xY"
# Put together here so that no scanner trips over this file.
SECRETS = {
    "aws": "AKIA" + "Q3EGV7RLM2NXWZ4P",
    "github": "ghp_" + LETTERS + "Zz12",
    "slack": "xoxb-" + "123456789012-" + LETTERS[:24],
    "stripe": "sk_live_" + LETTERS[:24],
}


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", data)
    return file.getvalue()


def _line(data: bytes) -> bytes:
    return b"first\nx = '" + data + b"'\n"


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": _line,
    "base64": lambda s: _line(base64.b64encode(s)),
    "base64 without padding, for addresses": lambda s: _line(base64.urlsafe_b64encode(s).rstrip(b"=")),
    "base64 twice": lambda s: _line(base64.b64encode(base64.b64encode(s))),
    "base64 of gzip": lambda s: _line(base64.b64encode(gzip.compress(s))),
    "base32": lambda s: _line(base64.b32encode(s)),
    "hex": lambda s: _line(s.hex().encode()),
    "hex bytes": lambda s: _line(", ".join(f"0x{byte:02x}" for byte in s).encode()),
    "percent": lambda s: _line("".join(f"%{byte:02X}" for byte in s).encode()),
    "some percent": lambda s: _line(b"%" + s[:1].hex().encode() + s[1:5] + b"%" + s[5:6].hex().encode() + s[6:]),
    "UTF-16": lambda s: _line(s).decode().encode("utf-16"),
    "UTF-16 without its mark": lambda s: _line(s).decode().encode("utf-16-be"),
    "zip": lambda s: _zip(_line(s)),
    "gzip": lambda s: gzip.compress(_line(s)),
    "added literals": lambda s: b'k = "' + s[:7] + b'" + "' + s[7:] + b'"\n',
    "adjacent literals": lambda s: b"k = ('" + s[:5] + b"'\n     '" + s[5:] + b"')\n",
    "one literal a character": lambda s: b"k = " + b" + ".join(b"'" + bytes([byte]) + b"'" for byte in s),
    "joined list": lambda s: b'k = "".join(["' + s[:9] + b'", "' + s[9:] + b'"])\n',
    "escapes": lambda s: _line("".join(f"\\x{byte:02x}" for byte in s).encode()),
    "Unicode escapes": lambda s: _line("".join(f"\\u{byte:04x}" for byte in s).encode()),
    "entities": lambda s: _line("".join(f"&#{byte};" for byte in s).encode()),
    "character codes": lambda s: _line(", ".join(str(byte) for byte in s).encode()),
    "reversed": lambda s: _line(s[::-1]),
    "ROT13": lambda s: _line(codecs.encode(s.decode(), "rot13").encode()),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_in_every_encoding(kind: str, encoding: str) -> None:
    assert scan(ENCODINGS[encoding](SECRETS[kind].encode()), "some.txt")


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if "zip" not in e.split()[:1] and "UTF-16" not in e])
def test_what_is_found_is_hidden_in_the_same_encodings(encoding: str) -> None:
    for secret in SECRETS.values():
        encoded = ENCODINGS[encoding](secret.encode())
        if encoding == "gzip":
            continue
        text = encoded.decode()
        cleaned = redact(text)
        assert cleaned != text
        assert not scan(cleaned.encode())
        assert redact(cleaned) == cleaned


def test_no_secret_of_the_table_survives_in_a_text() -> None:
    for secret in SECRETS.values():
        for around in ("{}", "see {} there", '{{"a": "{}"}}', "a\\n{}\\nb", "https://x.example/?k={}&b=1"):
            assert secret not in redact(around.format(secret))


@pytest.mark.parametrize("comment", ["gitleaks:allow", "nosec", "pragma: allowlist secret", "trufflehog:ignore"])
def test_no_comment_in_the_text_silences_it(comment: str) -> None:
    assert scan(f"key = '{SECRETS['github']}'  # {comment}\n".encode())


def test_a_checksum_and_an_account_number_are_told() -> None:
    assert proof_of("github", SECRETS["github"]) == ""
    assert proof_of("aws", SECRETS["aws"]).startswith("of account ")


def test_an_entry_allows_one_find_a_form_or_a_folder_and_nothing_else() -> None:
    data = f"a = '{SECRETS['aws']}'\nb = '{SECRETS['github']}'\n".encode()
    aws, github = scan(data, "src/a.py")
    for entry in (
        Allowance("a test", digest=aws.digest),
        Allowance("a test", pattern="AKIA[A-Z0-9]{16}"),
        Allowance("a test", path="src/**", rule="aws-access-key"),
    ):
        assert scan(data, "src/a.py", AllowList((entry,))) == (github,)
    assert len(scan(data, "src/a.py", AllowList((Allowance("a test", pattern="AKIA"),)))) == 2
    assert len(scan(data, "src/a.py", AllowList((Allowance("a test", path="docs/**"),)))) == 2


@pytest.mark.parametrize("before", [b"\xff\xfe", b"\xfe\xff", bytes(4096), b"a\0" * 1024, b"\x1f\x8b", b"PK\x03\x04"])
def test_a_beginning_that_looks_like_something_else_hides_nothing(before: bytes) -> None:
    (hit,) = scan(before + b"\n" + SECRETS["github"].encode() + b"\n")
    assert hit.rule == "github-token"


@given(st.binary(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_raise(data: bytes) -> None:
    scan(data)


_WORDS = ["password", "token", "=", ":", '"', "'", "\n", " ", "AKIA", "ghp_", "://", "@", "%41", "\\x41", "&#65;", "+"]
_PART = st.sampled_from([*_WORDS, *SECRETS.values(), LETTERS]) | st.text(max_size=12)
_TEXT = st.lists(_PART, max_size=40).map("".join)


@given(_TEXT)
@settings(max_examples=150, deadline=None)
def test_hiding_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize("unit", [b"%41", b"\\x41", b"&#65;", b"'a' + ", b"QUJD", b"65, ", b"41", b"=3D", b"key="])
def test_decoding_hands_on_no_more_than_grows_with_the_text(unit: bytes) -> None:
    def decoded(size: int) -> int:
        data = unit * (size // len(unit))
        return sum(len(piece.decoded) for piece in secret_forms.pieces(data, data.split()))

    small, large = decoded(4_000), decoded(16_000)
    assert large <= 5 * small + 2_000


def test_every_repetition_of_the_table_is_bounded_and_none_holds_another() -> None:
    parser: Any = importlib.import_module("re._parser")
    for rule in rules():
        tree = parser.parse(rule.pattern.decode())
        assert not _nested(tree, 0), rule.name
        assert tree.getwidth()[1] < 20_000, rule.name


def _nested(tree: Any, depth: int) -> bool:
    """Whether a repetition of more than two rounds holds another that is not of fixed width."""
    for operation, argument in tree:
        name = str(operation)
        if "REPEAT" in name:
            low, high, inner = argument
            wide = high > 2 and low != high
            if (wide and depth and inner.getwidth()[1] > 1) or _nested(inner, depth + wide):
                return True
        inside = [argument[3]] if name == "SUBPATTERN" else argument[1] if name == "BRANCH" else []
        if any(_nested(branch, depth) for branch in inside):
            return True
    return False


def test_a_line_of_the_table_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_rules("# a comment\nonly two  columns\n")
