"""A registry of images on loopback that speaks the wire protocol (version 2) as far as a pull needs it."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _blob(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _layer(size: int) -> tuple[bytes, str]:
    """A layer with one file that cannot be packed, and the digest of what is in the archive."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        about = tarfile.TarInfo("data")
        about.size = size
        archive.addfile(about, io.BytesIO(os.urandom(size)))
    return gzip.compress(plain.getvalue(), 1), _blob(plain.getvalue())


@contextmanager
def a_registry(name: str, size: int) -> Iterator[str]:
    """Serves one image of one layer of about `size` bytes; the image's whole name. `127.0.0.0/8` needs no TLS."""
    layer, plain = _layer(size)
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [plain]}}
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(config),
                "digest": _blob(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": len(layer),
                    "digest": _blob(layer),
                }
            ],
        }
    ).encode()
    answers = {
        "/v2/": (b"{}", "application/json"),
        f"/v2/{name}/manifests/latest": (manifest, _MANIFEST),
        f"/v2/{name}/manifests/{_blob(manifest)}": (manifest, _MANIFEST),
        f"/v2/{name}/blobs/{_blob(config)}": (config, "application/octet-stream"),
        f"/v2/{name}/blobs/{_blob(layer)}": (layer, "application/octet-stream"),
    }

    class Answers(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            body, kind = answers.get(self.path, (b"", ""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _blob(body))
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}/{name}"
        finally:
            server.shutdown()
            thread.join()
