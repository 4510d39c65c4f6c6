"""An engine's socket that answers who it is, for engines that a machine rarely has: real HTTP over a real socket."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

_VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.24", "Version": "4.3.1"}


@contextmanager
def answering(path: Path, info: Mapping[str, object]) -> Iterator[str]:
    """The address of a server at `path` that answers `/version` and `/info` and knows nothing else."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {"version": _VERSION, "info": info}.get(self.path.rpartition("/")[2])
            body = json.dumps({"message": "no such thing"} if known is None else known).encode()
            self.send_response(404 if known is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A test's output stays its own."""

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Server(str(path), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
