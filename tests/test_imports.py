"""The layers: imports go one way, bpy and the heavy packages stay where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"cv2", "numpy", "av", "scenedetect", "ai_edge_litert", "ncnn", "torch", "diffusers"}
HEAVY_ALLOWED = ("addon/engine/stages/", "addon/engine/image/", "addon/engine/models/")
BLENDER = {"bpy", "mathutils", "bmesh", "gpu", "bl_ui"}
BLENDER_ALLOWED = (
    "addon/scene/",
    "ops/",
    "panels/",
    *(
        f"addon/{name}.py"
        for name in (
            "registration", "preferences", "preferences_draw", "properties", "mirror", "shots",
            "headless", "pump", "handlers", "redraw", "try_list",
        )
    ),
)
LAYERS = ("addon/engine", "addon", "ops", "panels", "")


def shipped() -> list[Path]:
    folders = [ROOT / name for name in ("addon", "ops", "panels")]
    return [ROOT / "__init__.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


def imports_of(path: Path, root: Path = ROOT) -> list[tuple[str, int, str, bool]]:
    """(module as written, level, repository path it reaches, at module level) of every import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, "", id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ""
            if node.level:
                package = path.relative_to(root).parent.parts
                kept = package[: len(package) - (node.level - 1)]
                base = "/".join((*kept, *(node.module or "").split("."))).strip("/")
                assert len(package) >= node.level - 1, f"{path}: goes above the package"
            found.append((node.module or "", node.level, base, id(node) in top))
    return found


def layer(name: str) -> int:
    return next(
        index for index, prefix in enumerate(LAYERS) if not prefix or name == prefix or name.startswith(prefix + "/")
    )


def violations(path: Path, root: Path = ROOT) -> list[str]:
    own = path.relative_to(root).as_posix()
    found = []
    for module, level, reached, at_top in imports_of(path, root):
        first = module.split(".")[0]
        if level == 0 and first == "lineboil":
            found.append(f"{own}: absolute import of {module}")
        if level == 0 and first in BLENDER and not own.startswith(BLENDER_ALLOWED):
            found.append(f"{own}: {first} outside the Blender side")
        if level == 0 and first in HEAVY and not own.startswith(HEAVY_ALLOWED) and not (
            own.startswith("addon/scene/") and first == "numpy"
        ):
            found.append(f"{own}: {first} outside stages, image and models")
        if level and layer(reached) > layer(own):
            found.append(f"{own}: imports {reached}, a layer above its own")
        heavy_part = level and reached.startswith(tuple(name.rstrip("/") for name in HEAVY_ALLOWED))
        if heavy_part and at_top and not own.startswith(HEAVY_ALLOWED) and not is_light(reached, root):
            found.append(f"{own}: imports {reached} when it is imported itself")
    return found


def is_light(name: str, root: Path) -> bool:
    """Whether a module under models is standard library only (the registry)."""
    places = [root / f"{name}.py", *(root / name).glob("registry.py")]
    files = [place for place in places if place.is_file()]
    return bool(files) and all(
        module.split(".")[0] not in HEAVY
        for file in files
        for module, level, _, _ in imports_of(file, root)
        if not level
    )


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_keep_their_layer(path: Path) -> None:
    assert violations(path) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("addon/engine/shot.py", "import cv2"),
        ("addon/engine/shot.py", "import bpy"),
        ("addon/engine/stages/depth.py", "import bpy"),
        ("addon/engine/stages/depth.py", "from ...scene import build"),
        ("addon/engine/stages/depth.py", "from lineboil.addon.engine import shot"),
        ("addon/engine/shot.py", "from ...panels import depth"),
        ("addon/scene/build.py", "import torch"),
        ("addon/engine/shot.py", "from .image import files"),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert violations(path, tmp_path)


def test_root_has_no_side_effects() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    assert all(isinstance(node, ast.Expr | ast.FunctionDef | ast.ImportFrom) for node in tree.body)
    absolute = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    assert all(node.module == "__future__" for node in absolute)
