"""The package: what is in the zip, and that it comes into Blender and goes without a trace."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from blender_inside import LISTED
from lineboil.addon.engine import commands
from lineboil.addon.engine.blender import find_blender

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).parent / "inside" / "package.py"
NOT_SHIPPED = (
    ".ci/run", ".git/HEAD", ".gitignore", ".models/a.tflite", ".venv/pyvenv.cfg", ".venv-blender/pyvenv.cfg",
    ".pytest_cache/README.md", "CONTRIBUTING.md", "Makefile", "README.md", "benchmarks/road.py", "build/a.py",
    "demo/performer/shot.toml", "dist/lineboil-0.1.0.zip", "docs/user-guide.md", "lineboil.egg-info/PKG-INFO",
    "pyproject.toml", "requirements/blender.txt", "requirements/blender-4.2.txt", "requirements/develop.txt",
    "samples/performer.mp4", "tests/conftest.py", "tools/zip.py", "__pycache__/__init__.cpython-311.pyc",
    "addon/__pycache__/child.cpython-311.pyc", "addon/scene/test.blend", "addon/scene/test.blend1",
)
SHIPPED = (
    "blender_manifest.toml", "__init__.py", "addon/__main__.py", "addon/headless.py", "addon/engine/cli.py",
    "addon/scene/sets/studio.toml", "addon/engine/models/licences/real_esrgan.txt", "addon/presets/ink.toml",
    "addon/looks/oil.toml",
    "ops/run.py", "panels/__init__.py", "requirements/cpu.txt", "requirements/cpu-torch.txt", "requirements/cuda.txt",
    "requirements/rocm.txt", "requirements/mps.txt", "requirements/diffusion.txt",
    "requirements/sizes.txt", "LICENSE", "CHANGELOG.md",
)
PROBLEM = re.compile(r"policy violation|warning|error|traceback", re.IGNORECASE)
KNOWN_NOISE = re.compile(r"system\.path .* mounted file-systems|could not get a list of mounted file-systems")


def load_tool():
    spec = importlib.util.spec_from_file_location("zip_tool", ROOT / "tools" / "zip.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


tool = load_tool()


def make_zip(folder: Path) -> Path:
    command = [sys.executable, str(ROOT / "tools" / "zip.py"), "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.zip"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_zip(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def manifest() -> dict:
    return tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


def test_zip_is_named_after_the_manifest(package: Path, manifest: dict) -> None:
    assert package.name == f"lineboil-{manifest['version']}.zip"


def test_zip_holds_every_source_and_nothing_else(package: Path) -> None:
    expected = {"blender_manifest.toml", "__init__.py", "LICENSE", "CHANGELOG.md"}
    for folder in ("addon", "ops", "panels"):
        files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        expected |= {path.relative_to(ROOT).as_posix() for path in files}
    expected |= {f"requirements/{path.name}" for path in (ROOT / "requirements").iterdir()}
    expected = {name for name in expected if not re.match(r"requirements/(blender|develop)", name)}
    names = zipfile.ZipFile(package).namelist()
    assert sorted(expected) == sorted(names)
    assert set(SHIPPED) <= set(names)


def test_zip_has_the_same_bytes_twice(package: Path, tmp_path: Path) -> None:
    again = make_zip(tmp_path)
    assert hashlib.sha256(package.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_blenders_own_build_packs_the_same_from_a_checkout(package: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    tool.copy_parts(checkout)
    for name in NOT_SHIPPED:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes(b"")
    program = tool.extension_programs()[0]
    tool.extension(program, "build", f"--source-dir={checkout}", f"--output-filepath={tmp_path / 'own.zip'}")
    names = [entry.filename for entry in zipfile.ZipFile(tmp_path / "own.zip").infolist() if not entry.is_dir()]
    assert sorted(names) == sorted(zipfile.ZipFile(package).namelist())


def test_validation_finds_a_fault(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    tool.copy_parts(checkout)
    path = checkout / "blender_manifest.toml"
    program = tool.extension_programs()[0]
    tool.validate(program, checkout)
    path.write_text(path.read_text(encoding="utf-8").replace('"Lighting"', '"Artificial"'), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        tool.validate(program, checkout)


def test_version_is_the_same_everywhere(manifest: dict) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest["version"] == project["version"] == commands.version()


def test_changelog_knows_the_version(manifest: dict) -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads[0] == "Unreleased" or heads[0].startswith(manifest["version"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["blender_version_min"] == "4.2.0"


def test_licence_is_named_and_enclosed(manifest: dict, package: Path) -> None:
    assert manifest["license"] == ["SPDX:GPL-3.0-or-later"]
    assert manifest["copyright"]
    assert "GNU GENERAL PUBLIC LICENSE" in zipfile.ZipFile(package).read("LICENSE").decode()


def test_name_leaves_blenders_name_alone(manifest: dict) -> None:
    assert "blender" not in (manifest["name"] + manifest["id"]).lower()


def test_permissions_have_short_reasons(manifest: dict) -> None:
    assert set(manifest["permissions"]) == {"files", "network"}
    for reason in (*manifest["permissions"].values(), manifest["tagline"]):
        assert 0 < len(reason) <= 64 and reason[-1] not in ".!?,;"


def test_nothing_is_bundled_that_blender_has(package: Path) -> None:
    names = zipfile.ZipFile(package).namelist()
    assert not [name for name in names if name.endswith((".whl", ".so", ".pyd", ".dll", ".pyc"))]
    assert not [name for name in names if re.search(r"(^|/)(numpy|torch|cv2)(/|\.py$)", name)]


# What becomes of it in Blender.


@pytest.fixture(scope="module", params=LISTED or [""], ids=lambda text: text or "usual")
def found(request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What was there before, while and after the zip was in a Blender."""
    blender = find_blender(request.param)
    user = tmp_path_factory.mktemp("user")
    if blender.kind == "module":
        command = [str(blender.path), str(SCRIPT), "--", str(package)]
    else:
        command = [str(blender.path), "-b", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT)]
        command += ["--", str(package)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINEBOIL_", "PYTHON"))}
    variables = kept | {"BLENDER_USER_RESOURCES": str(user)}
    if os.environ.get("LINEBOIL_TEST_MODULES"):
        # What a distribution's Blender lacks of the packages its own extension system needs.
        shutil.copytree(os.environ["LINEBOIL_TEST_MODULES"], user / "scripts" / "modules")
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables, timeout=300, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert done.returncode == 0 and lines, done.stdout
    # What Blender says of itself while it starts is not ours.
    told = [line for line in done.stdout.partition("BEGIN\n")[2].splitlines() if not line.startswith("RESULT ")]
    return {**json.loads(lines[0].removeprefix("RESULT ")), "told": told}


def test_installs_and_is_enabled(found: dict) -> None:
    assert found["installed"] == ["FINISHED"]
    assert found["module"] and found["enabled"], found["told"]
    assert "LINEBOIL_OT_run" in found["during"]["types"]
    assert "lineboil" in found["during"]["properties"]["Scene"]
    assert found["during"]["commands"] == 1


def test_breaks_no_policy(found: dict) -> None:
    assert found["warnings"] == []
    assert found["own path"] == found["path"]
    assert [line for line in found["told"] if PROBLEM.search(line) and not KNOWN_NOISE.search(line)] == []


def test_starts_nothing_when_it_is_enabled(found: dict) -> None:
    assert found["heavy"] == []
    assert found["during"]["children"] == found["before"]["children"]
    assert found["during"]["threads"] == found["before"]["threads"]


def test_ten_times_in_and_out_leave_nothing(found: dict) -> None:
    assert len(found["after each"]) == 10
    assert all(one == found["before"] for one in found["after each"])
    assert found["still"] == found["during"]


def test_writes_nothing_beside_its_own_files(found: dict, package: Path) -> None:
    assert [name for name in found["files"] if "__pycache__" not in name] == sorted(zipfile.ZipFile(package).namelist())


def test_uninstalls_and_leaves_nothing(found: dict) -> None:
    assert found["removed"] == ["FINISHED"]
    assert found["after"] == found["before"]
    assert found["left"] == []
