"""The two-way stream of an attached container or a started command: one connection that the engine hands over.

docker-py reads the engine's answer through a buffer that it then passes by, so output that arrives together with the
answer's head would be lost; hence this small client for the one request.
"""

from __future__ import annotations

import json
import select
import socket
import struct
from typing import TYPE_CHECKING, Any, Self

from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 256 * 1024
_HEAD = struct.Struct(">BxxxL")
_HEAD_LIMIT = 64 * 1024
_CONNECT_S = 10.0


class StreamClosed(Exception):
    """The other side ended it."""


class Stream:
    """Sends bytes, and receives the bytes of both outputs as they come."""

    def __init__(self, address: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Ask the engine at `address` (`unix://…` or `tcp://…`) to hand over the connection. Raises
        SandboxUnavailable."""
        try:
            self._socket = connect(address)
        except OSError as error:
            raise SandboxUnavailable(
                f"the Docker engine at {address} does not answer ({error})", "start it, then resume the session"
            ) from error
        try:
            self._unread = self._hand_over(path, json.dumps(body or {}).encode())
        except OSError as error:
            self._socket.close()
            raise SandboxUnavailable(f"the Docker engine broke the connection ({error})", "is it running?") from error
        except BaseException:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, data: bytes) -> None:
        """Raises StreamClosed."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise StreamClosed from error

    def take(self) -> list[bytes]:
        """What has arrived, in order, without waiting. Raises StreamClosed at the end."""
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return self._frames()
        except OSError as error:
            raise StreamClosed from error
        if not data:
            raise StreamClosed
        self._unread += data
        return self._frames()

    def arrived(self) -> list[bytes]:
        """What came together with the engine's answer."""
        return self._frames()

    def wait(self, timeout_s: float) -> bytes:
        """The next bytes. Raises StreamClosed at the end, SandboxUnavailable when none come in time."""
        while not (frames := self._frames()):
            if not select.select([self._socket], [], [], timeout_s)[0]:
                raise SandboxUnavailable(
                    f"the container does not answer within {timeout_s:g} s", "is the machine busy?"
                )
            if frames := self.take():
                break
        return b"".join(frames)

    def close(self) -> None:
        self._socket.close()

    def _frames(self) -> list[bytes]:
        found = []
        while len(self._unread) >= _HEAD.size:
            _, length = _HEAD.unpack_from(self._unread)
            end = _HEAD.size + length
            if len(self._unread) < end:
                break
            found.append(bytes(self._unread[_HEAD.size : end]))
            del self._unread[:end]
        return found

    def _hand_over(self, path: str, body: bytes) -> bytearray:
        self._socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode()
            + body
        )
        answer = bytearray()
        while b"\r\n\r\n" not in answer:
            data = self._socket.recv(_CHUNK)
            answer += data
            if not data or len(answer) > _HEAD_LIMIT:
                raise SandboxUnavailable("the Docker engine ended the connection", "is it being restarted?")
        head, _, rest = answer.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1]
        if bytes(status) not in (b"101", b"200"):
            raise SandboxUnavailable(f"the Docker engine refused: {_said(bytes(rest))}", "orion doctor says more")
        return rest


def connect(address: str) -> socket.socket:
    """A connection to `unix://…` or `tcp://…`. Raises OSError."""
    if address.startswith("unix://"):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place: Any = address.removeprefix("unix://")
    else:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        host, _, port = address.rpartition("://")[2].partition(":")
        place = (host, int(port or 2375))
    made.settimeout(_CONNECT_S)
    try:
        made.connect(place)
    except OSError:
        made.close()
        raise
    return made


def _said(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return body[:500].decode("utf-8", "replace").strip() or "without a word"
