"""A branch of a try, a mask painted over a key, and words of a key in a scene."""

import sys
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np

SIZE = (48, 32)


def main(module, arguments) -> dict:
    folder, scripted = Path(arguments[0]), arguments[1]
    scene, ops = bpy.context.scene, bpy.ops.lineboil
    session = module("addon.session").current
    command = [sys.executable, "-I", scripted, "well"]
    session.configure(folder, start=lambda: (command, folder / "worker.log", {}))
    root = folder / "shot"
    module("addon.shots").set_shot(scene, root)
    scene.lineboil.diffuse_settings.engine = "diffusion"
    found = {"no keys": said(ops.key_words), "no key": said(ops.paint_mask), "no try": said(ops.branch_try)}
    (root / "keys.json").write_text(
        '{"keys": [{"frame": 3, "added_by": "lineboil", "mine": 1}, {"frame": 12, "added_by": "lineboil"}],'
        ' "chosen": [3, 12]}', encoding="utf-8",
    )
    scene.frame_set(5)
    found["words"] = words(module, root)
    found["not drawn"] = said(ops.paint_mask)
    found["mask"] = mask(module, root)
    found["branch"] = branch(module, root)
    found["controls"] = controls(module, root)
    return found


def said(operator, **values) -> str:
    try:
        return sorted(operator(**values))[0]
    except RuntimeError as error:
        return str(error).strip()


def words(module, root) -> dict:
    """Given to the nearest key, and taken away."""
    known, ops = module("addon.key_words"), bpy.ops.lineboil
    told = [said(ops.key_words, prompt=" she laughs ", has_seed=True, seed=7)]
    frame, own = known.find(root, 5)
    told += [frame, own.text()]
    text = (root / "keys.json").read_text(encoding="utf-8")
    other = said(ops.key_words, frame=12, has_strength=True, strength=0.25)
    told_other = known.find(root, 12)[1].text()
    wrong = said(ops.key_words, frame=4)
    gone = [said(ops.key_words, frame=3), known.find(root, 3)[1].text()]
    return {"told": told, "text": text, "other": [other, told_other], "wrong": wrong, "gone": gone}


def mask(module, root) -> dict:
    """Painted over the key of frame 3, in its upper left corner, in a colour that is not white."""
    paint, ops, asked = module("addon.scene.mask_paint"), bpy.ops.lineboil, bpy.context.window_manager.lineboil_tries
    (root / "styled").mkdir()
    key = bpy.data.images.new("key", *SIZE)
    values = np.random.default_rng(1).random((SIZE[1], SIZE[0], 4), np.float32)
    values[..., 3] = 1
    key.pixels.foreach_set(values.ravel())
    key.filepath_raw, key.file_format = str(root / "styled/000003.png"), "PNG"
    key.save()
    started = said(ops.paint_mask)
    path = paint.mask_path(root, 3)
    chosen = [asked.part, Path(asked.mask) == path, bpy.context.scene.frame_current]
    try:
        empty = str(paint.finish(path))
    except module("addon.engine.errors").EngineError as error:
        empty = error.sentence()
    image = next(item for item in bpy.data.images if "lineboil_mask" in item)
    values = np.empty(SIZE[0] * SIZE[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    values = values.reshape(SIZE[1], SIZE[0], 4)
    values[-8:, :10, :3] = (values[-8:, :10, :3] + 0.5) % 1
    image.pixels.foreach_set(values.ravel())
    it = SimpleNamespace(root=lambda _: root, frame=0)
    line = module("ops.tries").LINEBOIL_OT_redraw.command(it, bpy.context)
    again = said(ops.paint_mask)
    is_clean = np.array_equal(paint._pixels(image), paint._pixels(key))
    return {
        "started": started, "chosen": chosen, "empty": empty, "line": [word for word in line if word != str(root)],
        "again": again, "clean": is_clean, "other": paint.finish(path.with_name("000099.png")),
    }


def branch(module, root) -> dict:
    """The command lines of branches."""
    tries = module("addon.engine.tries")
    kept = tries.Tries(root / "state")
    kept.add(b"\x89PNG", tries.Try(0, "key", (12,), {"diffuse": {"seed": 5, "prompt": "a cat"}}))
    kept.add(b"\x89PNG", tries.Try(0, "grid", (3, 12), {"diffuse": {"seed": 6}}))
    module("addon.try_list").forget()
    kind = module("ops.looking").LINEBOIL_OT_branch_try

    def line(number, is_asked, **values):
        it = SimpleNamespace(
            root=lambda _: root, number=number, _is_asked=is_asked, _number=lambda _: number,
            properties=SimpleNamespace(is_property_set=lambda name: name in values),
            **{"prompt": "", "seed": 0, "strength": 0.5, **values},
        )
        return [word for word in kind.command(it, bpy.context) if word != str(root)]

    return {
        "all": line(1, True, prompt='a "big" cat', seed=9, strength=0.4), "one": line(1, False, seed=8),
        "grid": line(2, False),
    }


def controls(module, root) -> dict:
    """Pictures of the nearest key: one as it was made, one painted over."""
    listed, ops, kinds = module("addon.control_list"), bpy.ops.lineboil, module("ops.controls")
    lines, missing = [], said(ops.open_control, kind="lineart", frame=3)
    for kind in ("lineart", "depth"):
        path = listed.picture(root, kind, 3)
        path.parent.mkdir(parents=True)
        path.write_bytes((root / "styled/000003.png").read_bytes())
        stat = path.stat()
        checksum = module("addon.engine.cache").checksum(path)
        lines.append(f"{path.relative_to(root).as_posix()} {stat.st_size} {checksum} {stat.st_mtime_ns}\n")
    (root / "state/controls.journal").write_text("".join(lines), encoding="utf-8")
    bpy.context.scene.frame_set(5)
    before = listed.find(root, 5)
    opened = said(ops.open_control, kind="depth", frame=3)
    image = next(item for item in bpy.data.images if "lineboil_control" in item)
    image.pixels[0] = 1 - image.pixels[0]
    image.save()
    listed.forget()
    it = SimpleNamespace(root=lambda _: root, kind="depth", frame=3)
    line = kinds.LINEBOIL_OT_reset_control.command(it, bpy.context)
    return {
        "missing": missing, "before": before, "opened": opened, "after": listed.find(root, 5),
        "line": [word for word in line if word != str(root)],
    }
