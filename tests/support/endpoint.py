"""A model's endpoint over loopback: it speaks the wire of chat completions (`/v1/chat/completions`) and of Anthropic's
Messages (`/v1/messages`), streams with server-sent events over chunked HTTP, and goes wrong where a script says so."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OPENAI, ANTHROPIC = "openai", "anthropic"


@dataclass(frozen=True)
class Asked:
    """One request as it came: the path, the headers in lower case and the decoded body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.body, ensure_ascii=False)


@dataclass(frozen=True)
class Answer:
    """What the endpoint does next. A status other than 200 sends `body` whole. Else text and calls are streamed;
    `calls` are (name, raw arguments). After `pieces` pieces of the stream (None for all) it goes on as `then` says: end
    as it should, end and let go of the connection, hang, go on for ever, cut or reset the connection, or slam it before
    a word is said. `usage` is what came in all, what went, what of it was in the cache, and what was put there."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    finish: str = ""
    usage: tuple[int, ...] | None = (100, 20, 0)
    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    pieces: int | None = None
    then: str = "end"
    extra: tuple[str, ...] = ()


def says(text: str = "", *calls: tuple[str, Any], **more: Any) -> Answer:
    """A good answer; arguments may be given as values or as the raw text of the wire."""
    raw = tuple((name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls)
    return Answer(text, raw, **more)


def fails(status: int, message: str = "", code: Any = "", **headers: str) -> Answer:
    body = {"error": {"message": message, "code": code, "type": code}}
    return Answer(status=status, body=body, headers=tuple((k.replace("_", "-"), v) for k, v in headers.items()))


def hangs(after: int = 0, text: str = "some words") -> Answer:
    return Answer(text, pieces=after, then="hang")


def cuts(after: int = 1, text: str = "some words", calls: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(text, calls, pieces=after, then="cut")


def slams() -> Answer:
    return Answer(then="slam")


Script = Sequence[Answer] | Callable[[Asked], Answer]


@dataclass
class LoopbackEndpoint:
    """The running server: `base_url` for a configuration, `asked` what came so far, over how many `connections`,
    `took_s` how long each answer took it from the last byte that came. A script that is used up answers with its last
    entry."""

    base_url: str
    script: Script
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    took_s: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            if callable(self.script):
                return self.script(asked)
            return self.script[min(len(self.asked), len(self.script)) - 1]


@contextmanager
def endpoint(script: Script) -> Iterator[LoopbackEndpoint]:
    """An endpoint on a port of its own for as long as the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    live = LoopbackEndpoint(f"http://127.0.0.1:{server.server_address[1]}/v1", script)
    server.live = live
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="endpoint", daemon=True)
    thread.start()
    try:
        yield live
    finally:
        live.over.set()
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    live: LoopbackEndpoint

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        self.live.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """An endpoint that is gone answers nobody, over no connection that was kept either."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        began = time.perf_counter()
        self._answer(raw)
        self.server.live.took_s.append(time.perf_counter() - began)

    def _answer(self, raw: bytes) -> None:
        asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
        answer = self.server.live.next(asked)
        if answer.status != 200 or answer.body is not None:
            return self._whole(answer)
        api = OPENAI if self.path.endswith("/chat/completions") else ANTHROPIC
        return self._stream(answer, stream_of(api, answer))

    def _whole(self, answer: Answer) -> None:
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        data = text.encode()
        self.send_response(answer.status)
        kind = "text/html" if isinstance(answer.body, str) else "application/json"
        for name, value in (*answer.headers, ("content-type", kind), ("content-length", str(len(data)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: Answer, pieces: list[str]) -> None:
        if answer.then == "slam":
            self.close_connection = True
            return
        if answer.then == "hang" and answer.pieces == 0:
            self._hang()
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        for piece in [*pieces[: answer.pieces], *answer.extra]:
            data = piece.encode("utf-8", "surrogatepass")
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        if answer.then == "hang":
            self._hang()
            return
        if answer.then == "drip":
            self._drip(pieces[1])
        if answer.then == "reset":
            # What is not read yet is lost with the connection, as when a machine in between forgets it.
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.then in ("end", "drop"):
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = answer.then != "end"

    def _drip(self, piece: str) -> None:
        data = piece.encode()
        with suppress(OSError):
            while not self.server.live.over.wait(0.01):
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _hang(self) -> None:
        self.server.live.over.wait(30)
        self.close_connection = True


def stream_of(api: str, answer: Answer) -> list[str]:
    """The server-sent events of a good answer."""
    return list(_openai(answer) if api == OPENAI else _anthropic(answer))


def event(data: Any, name: str = "") -> str:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "") + f"data: {text}\n\n"


def _halves(text: str) -> tuple[str, ...]:
    middle = len(text) // 2
    return tuple(part for part in (text[:middle], text[middle:]) if part)


def _openai(answer: Answer) -> Iterator[str]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "served"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        return event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    for part in _halves(answer.text):
        yield chunk({"content": part})
    for index, (name, arguments) in enumerate(answer.calls):
        start = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [start]})
        for part in _halves(arguments):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    yield chunk({}, answer.finish or ("tool_calls" if answer.calls else "stop"))
    if answer.usage is not None:
        came, went, cached = answer.usage[:3]
        usage = {"prompt_tokens": came, "completion_tokens": went, "total_tokens": came + went}
        yield event({**head, "choices": [], "usage": {**usage, "prompt_tokens_details": {"cached_tokens": cached}}})
    yield event("[DONE]")


def _anthropic(answer: Answer) -> Iterator[str]:
    def named(name: str, **data: Any) -> str:
        return event({"type": name, **data}, name)

    came, went, cached, written = (*(answer.usage or (0, 0, 0)), 0)[:4]
    plain = {"input_tokens": came - cached - written}
    counted = {**plain, "cache_read_input_tokens": cached, "cache_creation_input_tokens": written}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "served", "content": []}
    yield named("message_start", message={**head, "stop_reason": None, "usage": {**counted, "output_tokens": 1}})
    index = 0
    if answer.text:
        yield named("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for part in _halves(answer.text):
            yield named("content_block_delta", index=index, delta={"type": "text_delta", "text": part})
        yield named("content_block_stop", index=index)
        index += 1
    for name, arguments in answer.calls:
        block = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
        yield named("content_block_start", index=index, content_block=block)
        for part in _halves(arguments):
            yield named("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": part})
        yield named("content_block_stop", index=index)
        index += 1
    reasons = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "": ""}
    stop = reasons.get(answer.finish, answer.finish) or ("tool_use" if answer.calls else "end_turn")
    yield named("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": went})
    yield named("message_stop")
