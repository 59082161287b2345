"""Run by Blender: installs a zip, uses it, removes it, and prints what was there at each step."""

import json
import os
import sys
import threading
from pathlib import Path

import bpy

# Only found once Blender is there.
import addon_utils  # isort: skip

PACKAGE = "bl_ext.user_default.lineboil"
HANDLERS = [name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)]
OWNERS = ("Scene", "WindowManager", "Object", "Image", "Material", "Preferences")


def children() -> int:
    """How many processes of this one live; 0 where the system does not tell."""
    try:
        return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())
    except OSError:
        return 0


def present() -> dict:
    return {
        "types": sorted(name for name in dir(bpy.types) if "LINEBOIL" in name.upper()),
        "operators": sorted(dir(bpy.ops.lineboil)),
        "handlers": {name: len(getattr(bpy.app.handlers, name)) for name in HANDLERS},
        "properties": {name: sorted(dir(getattr(bpy.types, name))) for name in OWNERS},
        "keys": sum(len(keymap.keymap_items) for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps),
        "threads": threading.active_count(),
        "children": children(),
        "commands": commands(),
    }


def commands() -> int:
    """How many words of ours `--command` knows."""
    headless = sys.modules.get(f"{PACKAGE}.addon.headless")
    return len(headless._handles) if headless else 0


def files(folder: Path) -> list:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def main(zip_path: str) -> dict:
    user = Path(os.environ["BLENDER_USER_RESOURCES"])
    result: dict = {"before": present(), "path": list(sys.path)}
    installed = bpy.ops.extensions.package_install_files(
        filepath=zip_path, repo="user_default", enable_on_install=True
    )
    result["installed"] = sorted(installed)
    result["module"] = PACKAGE in sys.modules
    result["enabled"] = PACKAGE in bpy.context.preferences.addons
    result["own path"] = list(sys.path)
    addon_utils._is_first_reset()
    result["warnings"] = addon_utils._extensions_warnings_get().get(PACKAGE, [])
    result["during"] = present()
    result["heavy"] = sorted({"cv2", "torch", "av", "scenedetect", "ncnn"} & set(sys.modules))
    module = sys.modules[PACKAGE]
    module.unregister()
    result["after each"] = []
    for _ in range(10):
        module.register()
        module.unregister()
        result["after each"].append(present())
    module.register()
    result["still"] = present()
    result["files"] = files(user / "extensions" / "user_default" / "lineboil")
    repositories = bpy.context.preferences.extensions.repos
    directory = next(item.directory for item in repositories if item.module == "user_default")
    result["removed"] = sorted(bpy.ops.extensions.package_uninstall(repo_directory=directory, pkg_id="lineboil"))
    result["after"] = present()
    result["left"] = [path for path in files(user) if "lineboil" in path]
    return result


words = sys.argv[sys.argv.index("--") + 1 :]
sys.stderr.flush()
print("BEGIN", flush=True)
print("RESULT " + json.dumps(main(words[0])), flush=True)
# Blender 4.2 as a module crashes at its end once any extension with an update callback was uninstalled.
sys.stderr.flush()
os._exit(0)
