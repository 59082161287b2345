# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches files of one repository of the hub into the Hugging Face cache; a program of its own, run by `hub.py`.

A program of its own, because the hub's library looks once at the variables that keep a worker offline, and because
it can be ended at any moment. Reads one line of JSON from standard input: {"repository", "revision", "files",
"cache"}. Answers in lines of JSON: {"plan": {commit, files}}, then, when the next line of input says "go",
{"progress": [name, bytes, of all bytes]}, and at the end {"done": {...}} or {"failed": [why, detail]}.

Unlike the library's own downloads, a stopped one is gone on with, and a content gets its name in the cache only when
its hash is the one the hub states.
"""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, get_hf_file_metadata, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers

SUFFIXES = (".safetensors", ".onnx", ".json", ".txt", ".model")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BLOCK = 1 << 20
_CHUNK_BYTES = 1 << 18
_INTERVAL_SECONDS = 0.1


class Refusal(Exception):  # noqa: N818 - not a fault of the program: an answer
    """Why something is not fetched: a word `hub.py` knows, and the detail."""

    def __init__(self, why: str, detail: str) -> None:
        self.why = why
        self.detail = detail
        super().__init__(why, detail)


def say(**message: Any) -> None:
    """A line for whoever has started this."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def chosen(item: str, names: list[str]) -> list[str]:
    """The names an item of an entry stands for: those of its first alternative that has any.

    Raises:
        Refusal: There is none, and no question mark says that it may be missing.
    """
    for pattern in item.removeprefix("?").split("|"):
        found = [
            name for name in names if name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)
            and name.endswith(SUFFIXES) and ".." not in PurePosixPath(name).parts and "\\" not in name
        ]
        if found:
            return found
    if item.startswith("?"):
        return []
    raise Refusal("file", item)


class Fetcher:
    """One repository being fetched.

    Args:
        asked: What standard input says.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        self.repository = str(asked["repository"])
        self.revision = str(asked["revision"])
        self.items = [str(item) for item in asked["files"]]
        self.cache = Path(asked["cache"])
        self.folder = self.cache / ("models--" + self.repository.replace("/", "--"))
        self.token: str | bool = False
        self.done = 0
        self.total = 0
        self._told = 0.0

    def run(self) -> None:
        """Plan, wait for the word, fetch, and say how it ended."""
        commit, files = self.plan()
        self.total = sum(int(facts["bytes"]) for facts in files.values())
        missing = {name: max(facts["bytes"] - self.had(facts["hash"]), 0) for name, facts in files.items()}
        say(plan={"commit": commit, "bytes": self.total, "missing": sum(missing.values()), "files": files})
        if sys.stdin.readline().strip() != "go":
            return
        for name, facts in files.items():
            self.fetch(commit, name, str(facts["hash"]), int(facts["bytes"]))
        self.name_revision(commit)
        say(done={"commit": commit, "files": files, "snapshot": str(self.folder / "snapshots" / commit)})

    def plan(self) -> tuple[str, dict[str, dict[str, Any]]]:
        """Commit, and bytes and hash of each file."""
        info = self.with_token(lambda token: HfApi().model_info(
            self.repository, revision=self.revision, files_metadata=True, token=token, timeout=30))
        siblings = {item.rfilename: item for item in info.siblings or []}
        names = dict.fromkeys(name for item in self.items for name in chosen(item, list(siblings)))
        files: dict[str, dict[str, Any]] = {}
        for name in names:
            item = siblings[name]
            stated = item.lfs.sha256 if item.lfs else item.blob_id
            if item.size is None or not stated or not _HASH.fullmatch(stated) or not info.sha:
                raise Refusal("answer", f"{name} has no size or no hash")
            files[name] = {"bytes": item.size, "hash": stated}
        return str(info.sha), files

    def with_token(self, ask: Any) -> Any:
        """What the hub answers without, and where it wants one with, the artist's token."""
        try:
            return ask(self.token)
        except (GatedRepoError, RepositoryNotFoundError):
            token = get_token()
            if not token or self.token:
                raise
            answer = ask(token)
            self.token = token
            return answer

    def had(self, stated: str) -> int:
        """Bytes of a content that are here."""
        for path in (self.folder / "blobs" / stated, self.part(stated)):
            if path.is_file():
                return path.stat().st_size
        return 0

    def part(self, stated: str) -> Path:
        """Where an unfinished content is kept."""
        return self.folder / "blobs" / f"{stated}.lineboil.incomplete"

    def fetch(self, commit: str, name: str, stated: str, size: int) -> None:
        """Have one file in the cache, whole and under its name."""
        blob = self.folder / "blobs" / stated
        pointer = self.folder / "snapshots" / commit / name
        lock = self.cache / ".locks" / self.folder.name / f"{stated}.lock"
        for folder in (blob.parent, lock.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):
            if not blob.is_file() and not (pointer.is_file() and pointer.stat().st_size == size):
                self.fetch_content(commit, name, stated, size)
                os.replace(self.part(stated), blob)
        if not pointer.is_file():
            # The library's own way to name a content that is there: links, or copies where there are none.
            hf_hub_download(self.repository, name, revision=commit, cache_dir=self.cache, token=self.token)
        if blob.is_file() and not pointer.is_symlink():
            blob.unlink()
        self.done += size
        self.tell(name, 0, is_last=True)

    def fetch_content(self, commit: str, name: str, stated: str, size: int) -> None:
        """The content of a file, gone on with where it was left, and compared with its hash."""
        part = self.part(stated)
        url = hf_hub_url(self.repository, name, revision=commit)
        metadata = self.with_token(lambda token: get_hf_file_metadata(url, token=token))
        if metadata.etag != stated:
            raise Refusal("answer", f"{name} has another hash than the list says")
        here = part.stat().st_size if part.is_file() else 0
        if here > size:
            part.unlink()
            here = 0
        self.tell(name, here, is_last=True)
        self._told = 0.0
        with part.open("ab", buffering=0) as stream:
            http_get(
                url, stream, resume_size=here, expected_size=size, headers=build_hf_headers(token=self.token),
                displayed_filename=name, tqdm_class=self.meter(name, here),
            )
        if hash_of(part, size, stated) != stated:
            part.unlink()
            raise Refusal("hash", name)

    def meter(self, name: str, here: int) -> Any:
        """A class in place of the library's progress bar."""
        fetcher = self

        class Meter:
            """Counts the bytes of one file."""

            count = here

            def __init__(self, *_: Any, **__: Any) -> None:
                pass

            def __enter__(self) -> Meter:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, number: float | None = 1) -> None:
                Meter.count += int(number or 0)
                fetcher.tell(name, Meter.count)

            def close(self) -> None:
                pass

        return Meter

    def tell(self, name: str, bytes_here: int, *, is_last: bool = False) -> None:
        """How far it is, not too often."""
        now = time.monotonic()
        if is_last or now - self._told >= _INTERVAL_SECONDS:
            self._told = now
            say(progress=[name, self.done + bytes_here, self.total])

    def name_revision(self, commit: str) -> None:
        """The commit of a branch, as the library notes it, so that other programs find the files too."""
        if self.revision != commit:
            path = self.folder / "refs" / self.revision
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(commit, encoding="utf-8")


def hash_of(path: Path, size: int, like: str) -> str:
    """The hash by which the hub names a content: SHA-256, or git's SHA-1 for small files."""
    # git names a content by the hash of this header and the content.
    hasher = hashlib.sha256() if len(like) == 64 else hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


def reason(error: BaseException) -> tuple[str, str]:
    """A word `hub.py` knows, and the detail."""
    if isinstance(error, Refusal):
        return error.why, error.detail
    kinds: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
        ("gated", (GatedRepoError,)), ("revision", (RevisionNotFoundError,)), ("file", (EntryNotFoundError,)),
        ("repository", (RepositoryNotFoundError,)), ("answer", (FileMetadataError,)),
        ("network", (httpx2.TransportError,)),
    )
    for why, types in kinds:
        if isinstance(error, types):
            return why, str(error).partition("\n")[0]
    if isinstance(error, HfHubHTTPError):
        status = int(getattr(getattr(error, "response", None), "status_code", 0))
        return ("gated" if status in (401, 403) else "hub"), f"status {status}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "space", ""
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "permission", str(error.filename or "")
    if isinstance(error, OSError) and "Consistency check" in str(error):
        return "network", "it ended too early"
    return "other", f"{type(error).__name__}: {error}".partition("\n")[0]


def main() -> int:
    """Do what standard input asks."""
    # Anything libraries print goes to standard error.
    sys.stdout, real = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stdout
    os.dup2(2, real.fileno())
    # What a stop loses, and how often progress is told; the library's own 10 MB take a minute on a slow line.
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
    try:
        Fetcher(json.loads(sys.stdin.readline())).run()
    except Exception as error:  # noqa: BLE001 - the edge of a process: whatever it is, it is said
        why, detail = reason(error)
        say(failed=[why, detail])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
