"""A hub on loopback that speaks the protocol of the hub's files, and misbehaves when it is told to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_the_tests"
_SMALL = 2000
"""Files above this many bytes are kept apart and named by SHA-256, others by git's SHA-1."""


@dataclass
class Hub:
    """Repositories that are served, and how.

    Attributes:
        files: Content by name in the repository, by repository.
        commit: The one revision there is.
        gated: Repositories that want a token.
        cut_after: Bytes after which a content's answer breaks off; 0 sends all.
        cuts: How often it still breaks off.
        wrong: Names whose content is not the one that is promised.
        status: An answer for everything, like 503.
        requests: What was asked: method, path, range.
        pace: Set to let the contents pass; cleared it holds them after the first bytes.
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commit: str = "0123456789abcdef0123456789abcdef01234567"
    gated: set[str] = field(default_factory=set)
    cut_after: int = 0
    cuts: int = 0
    wrong: set[str] = field(default_factory=set)
    status: int = 0
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    pace: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def contents_sent(self) -> list[tuple[str, str]]:
        """Name and range of every content that was asked for."""
        return [(path.rsplit("/", 1)[1], span) for method, path, span in self.requests
                if method == "GET" and "/resolve/" in path]


def stated_hash(data: bytes) -> str:
    """The hash by which the hub names a content."""
    if len(data) > _SMALL:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:  # noqa: N802 - the base class's name
            self.answer()

        def do_GET(self) -> None:  # noqa: N802 - the base class's name
            self.answer()

        def answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append((self.command, path, self.headers.get("Range", "")))
            if hub.status:
                return self.send(hub.status, b"busy")
            if path.startswith("/api/models/"):
                return self.listing(path.removeprefix("/api/models/"))
            repository, _, rest = path.lstrip("/").partition("/resolve/")
            return self.content(repository, rest.partition("/")[2])

        def listing(self, rest: str) -> None:
            repository, _, revision = rest.partition("/revision/")
            files = hub.files.get(repository)
            if files is None:
                return self.send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            if revision not in ("main", hub.commit):
                return self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            siblings = [self.sibling(name, data) for name, data in files.items()]
            answer = {"id": repository, "sha": hub.commit, "siblings": siblings, "tags": []}
            return self.send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        def sibling(self, name: str, data: bytes) -> dict[str, Any]:
            entry = {"rfilename": name, "size": len(data), "blobId": stated_hash(b"pointer" + data)[:40]}
            if len(data) > _SMALL:
                return entry | {"lfs": {"sha256": stated_hash(data), "size": len(data), "pointerSize": 134}}
            return entry | {"blobId": stated_hash(data)}

        def content(self, repository: str, name: str) -> None:
            if repository in hub.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.send(403 if self.headers.get("Authorization") else 401, b"", {"X-Error-Code": "GatedRepo"})
            data = hub.files.get(repository, {}).get(name)
            if data is None:
                return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": hub.commit})
            headers = {"ETag": f'"{stated_hash(data)}"', "X-Repo-Commit": hub.commit, "Accept-Ranges": "bytes"}
            sent = bytes(len(data)) if name in hub.wrong else data
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
            if first:
                headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            return self.send(206 if first else 200, sent[first:], headers, is_content=True)

        def send(
            self, status: int, body: bytes, headers: dict[str, str] | None = None, *, is_content: bool = False
        ) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            if is_content and hub.cuts and 0 < hub.cut_after < len(body):
                hub.cuts -= 1
                self.wfile.write(body[: hub.cut_after])
                self.wfile.flush()
                self.close_connection = True
                return
            with contextlib.suppress(OSError):
                self.wfile.write(body[:400_000])
                self.wfile.flush()
                if is_content and len(body) > 400_000:
                    hub.pace.wait(20)
                self.wfile.write(body[400_000:])

    return Handler


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers while the block lasts."""
    hub = Hub()
    hub.pace.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.pace.set()
        server.shutdown()
        server.server_close()
