"""Wheels and lock files of a few bytes, so that environments can be made without a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, source: str = "") -> Path:
    """A wheel with one module, as pip takes it."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": source or f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text.encode())}")
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def write_locks(folder: Path, pebble: str = "1.0") -> Path:
    """Lock files of two backends: pebble and stone; the second has a heap more."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base.txt").write_text(
        f"# two of them here\npebble=={pebble}  # small\nabsent==9; sys_platform == \"plan9\"\n", encoding="utf-8"
    )
    (folder / "cpu.txt").write_text('-r base.txt\nstone==1.0; python_version >= "3.11"\n', encoding="utf-8")
    (folder / "cuda.txt").write_text("-r cpu.txt\nheap==1.0\n", encoding="utf-8")
    (folder / "sizes.txt").write_text("pebble 30 40\nstone 10 20\nheap 500 900\n", encoding="utf-8")
    return folder
