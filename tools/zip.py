# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs the extension: `dist/lineboil-VERSION.zip`, built and validated by Blender's own extension program.

That program comes with every Blender and runs without it, on any Python. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    "blender_manifest.toml", "__init__.py", "addon", "ops", "panels", "requirements", "LICENSE", "CHANGELOG.md",
)
# The oldest date a zip knows: no file's own date gets in.
_DATE = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o644 << 16
_PROGRAM = "bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
_TAGS = "scripts/modules/_bpy_internal/extensions/tags.py"


def main() -> int:
    """Build and validate; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip")
    options = parser.parse_args()
    programs = extension_programs()
    if not programs:
        sys.stderr.write("No Blender to build with: run `make env`, or give one's folder with LINEBOIL_BLENDER.\n")
        return 1
    try:
        path = build(programs[0], options.out)
        for program in programs:
            validate(program, path)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{error.stdout}{error.stderr}")
        return 1
    print(f"{path}: {len(zipfile.ZipFile(path).namelist())} files, {path.stat().st_size / 1e3:.0f} kB")
    return 0


def extension_programs() -> list[Path]:
    """Blender's extension programs: of the environments here, then of the Blender that LINEBOIL_BLENDER names."""
    found = [path for folder in sorted(ROOT.glob(".venv-blender*")) for path in sorted(_in_environment(folder))]
    named = os.environ.get("LINEBOIL_BLENDER", "")
    if named:
        real = Path(shutil.which(named) or named).resolve()
        found += sorted(real.parent.glob(_PROGRAM.removeprefix("bpy/")))
    return found


def _in_environment(folder: Path) -> list[Path]:
    packages = [*folder.glob("lib/python*/site-packages"), *folder.glob("Lib/site-packages")]
    return [path for place in packages for path in place.glob(_PROGRAM)]


def build(program: Path, out: Path) -> Path:
    """Build the zip with one Blender's extension program; returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    path = out / f"{manifest['id']}-{manifest['version']}.zip"
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "source"
        copy_parts(source)
        raw = Path(name) / path.name
        places = (f"--source-dir={source}", f"--output-filepath={raw}")
        extension(program, "build", *places, f"--valid-tags={tags(program)}")
        same_bytes(raw, path)
    return path


def copy_parts(target: Path) -> None:
    """A clean copy of what the extension is made of, without what lies about in a checkout."""
    target.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        else:
            shutil.copy(ROOT / name, target / name)


def validate(program: Path, path: Path) -> None:
    """Have one Blender's extension program check the zip, its tags too."""
    extension(program, "validate", f"--valid-tags={tags(program)}", str(path))


def tags(program: Path) -> Path:
    """The tags a Blender knows."""
    return program.parents[4] / _TAGS


def extension(program: Path, *words: str) -> None:
    """Run Blender's extension program; raises CalledProcessError when it finds a fault."""
    subprocess.run([sys.executable, str(program), *words], check=True, capture_output=True, text=True)


def same_bytes(raw: Path, path: Path) -> None:
    """Write a zip again in order of names, without dates and owners."""
    part = path.with_suffix(".part")
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(part, "w") as target:
        for name in sorted(entry.filename for entry in source.infolist() if not entry.is_dir()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = _FILE_MODE
            target.writestr(entry, source.read(name), compresslevel=9)
    os.replace(part, path)


if __name__ == "__main__":
    sys.exit(main())
