"""Registers and unregisters again and again, and looks at what stays."""

import bpy

BASES = [getattr(bpy.types, name) for name in ("PropertyGroup", "Operator", "Panel", "Menu", "UIList", "Header")]
BASES += [bpy.types.AddonPreferences, bpy.types.Gizmo, bpy.types.KeyingSetInfo]
HANDLERS = [name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)]


def present() -> dict:
    return {
        "classes": sorted(
            kind.__name__
            for base in BASES
            for kind in base.__subclasses__()
            if "lineboil" in kind.__module__ and kind.is_registered
        ),
        "names": sorted(name for name in dir(bpy.types) if "LINEBOIL" in name.upper()),
        "scene": hasattr(bpy.types.Scene, "lineboil"),
        "operators": sorted(dir(bpy.ops.lineboil)),
        "handlers": {name: len(getattr(bpy.app.handlers, name)) for name in HANDLERS},
        "properties": [sorted(dir(getattr(bpy.types, name))) for name in ("Scene", "WindowManager", "Object", "Image")],
    }


def main(module, arguments) -> dict:
    root, registration = module(), module("addon.registration")
    before = present()
    for _ in range(10):
        root.register()
        during = present()
        root.unregister()
    after = present()
    failures = []
    for modules in broken(module):
        try:
            registration.register(modules)
        except RuntimeError as error:
            failures.append([str(error), present() == before])
    again = []
    root.register()
    try:
        root.register()
    except ValueError as error:
        again.append(str(error))
    still = present()
    root.unregister()
    return {
        "before": before, "during": during, "after": after, "failures": failures, "again": again,
        "still": still == during, "end": present() == before,
    }


def broken(module):
    """Lists of modules whose last cannot be registered."""
    ops = module("ops").MODULES
    usual = module("addon.registration").MODULES

    class Fails:
        CLASSES = ()

        @staticmethod
        def register() -> None:
            raise RuntimeError("fails half-way")

        @staticmethod
        def unregister() -> None:
            pass

    yield (*usual, *ops, Fails)
    yield (Fails,)
