"""A role with a set-up phase, and a package index of this machine that only the phase can reach."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

_AUTHORITY = {
    "autonomous": ["code.read", "code.write", "tests.write", "docs.write", "config.write", "tests.run", "command.run"],
    "requires_approval": ["deps.change", "network.request"],
    "forbidden": ["deploy", "governance.change"],
}


def role_with_setup(home: Path, *commands: str, name: str = "installer", **more: Any) -> Path:
    """The file of a user's role whose set-up phase runs these commands."""
    path = home / "roles" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    role = {
        "name": name,
        "display_name": "Installer",
        "description": "Installs what the tests need first",
        "competencies": ["installing"],
        "authority": _AUTHORITY,
        "setup": {"commands": list(commands), **more},
    }
    path.write_text(yaml.safe_dump(role, sort_keys=False))
    return path


def wheel(name: str, version: str, source: str) -> bytes:
    """A wheel of one module."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()


class Index:
    """A package index at `url`; `asked` are the paths that somebody called, in order. While it is `shut` it has nothing
    for anybody."""

    def __init__(self, url: str, asked: list[str]) -> None:
        self.url = url
        self.asked = asked
        self.shut = False


@contextmanager
def package_index(*, host: str = "127.0.0.1", **wheels: bytes) -> Iterator[Index]:
    """Serve wheels (by the name of their package, version 1.0) as `pip` wants them, on this machine's loopback."""
    asked: list[str] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b"" if index.shut else self._body()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if self.path.startswith("/simple/") else "application/zip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _body(self) -> bytes:
            for name, data in wheels.items():
                file = f"{name}-1.0-py3-none-any.whl"
                if self.path == f"/simple/{name}/":
                    digest = hashlib.sha256(data).hexdigest()
                    return f'<a href="/files/{file}#sha256={digest}">{file}</a>'.encode()
                if self.path == f"/files/{file}":
                    return data
            return b""

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Answers) as server:
        index = Index(f"http://127.0.0.1:{server.server_port}", asked)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()
