"""The operators with a worker that pretends to work: by script, and event by event as in a window."""

import _thread
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import bpy


class Bench:
    """Gives the session another worker, and tells what operators say."""

    def __init__(self, module, folder: Path, scripted: str) -> None:
        self.module, self.folder, self.scripted = module, folder, scripted
        self.session = module("addon.session").current
        self.shots = module("addon.shots")
        self.words = ["well"]
        self.count = 0

    def behave(self, *words: str) -> None:
        """The worker misbehaves like this from now on."""
        self.session.close()
        self.count += 1
        command = [sys.executable, "-I", self.scripted, *(words or ["well"])]
        log = self.folder / "worker.log"
        self.session.configure(self.folder, start=lambda: (command, log, {}))

    def give_shot(self, name: str = "shot", scene=None) -> Path:
        root = self.folder / name
        root.mkdir(exist_ok=True)
        (root / "shot.toml").write_text("format = 1\n", encoding="utf-8")
        self.shots.set_shot(scene or bpy.context.scene, root)
        return root


def said(operator, *words, **properties) -> list:
    """How an operator ended, and what it said when it refused."""
    try:
        return [sorted(operator(*words, **properties)), ""]
    except RuntimeError as error:
        return ["refused", str(error).strip()]


def reasons(bench: Bench) -> dict:
    """What grey buttons say."""
    ops, scene, found = bpy.ops.lineboil, bpy.context.scene, {}
    found["no shot"] = said(ops.run)[1]
    found["nothing runs"] = said(ops.cancel)[1]
    found["no worker to free"] = said(ops.free_memory)[1]
    root = bench.give_shot("reasons")
    found["not saved"] = said(ops.render)[1]
    found["not analysed"] = said(ops.make_sheet)[1]
    bench.session.configure(bench.folder, environment_override=str(bench.folder / "nothing"))
    found["no environment"] = said(ops.run)[1]
    found["offline"] = said(ops.make_environment)[1]
    bench.behave("well", "run=half")
    task = bench.session.start("Run All", ["run", str(root)], root)
    found["busy"] = said(ops.run)[1]
    found["busy to close"] = said(ops.close_shot)[1]
    other = bpy.data.scenes.new("Other")
    bench.give_shot("other", other)
    bpy.context.window.scene = other
    found["another shot"] = said(ops.run)[1]
    bpy.context.window.scene = scene
    found["stopped"] = said(ops.cancel)
    found["stopping"] = said(ops.cancel)[1]
    bench.session.wait(task)
    (root / "shot.toml").rename(root / "away.toml")
    root.rename(bench.folder / "moved")
    found["gone"] = said(ops.run)[1]
    found["wrong folder"] = said(ops.relink_shot, directory=str(bench.folder))[1]
    (bench.folder / "moved" / "away.toml").rename(bench.folder / "moved" / "shot.toml")
    found["relinked"] = said(ops.relink_shot, directory=str(bench.folder / "moved"))
    found["root"] = bench.shots.shot_root(scene).name
    (bench.folder / "moved" / "shot.toml").write_text("format = 99\n", encoding="utf-8")
    found["newer"] = said(ops.run)[1]
    found["newer is not opened"] = said(ops.open_shot, directory=str(bench.folder / "moved"))[1]
    found["closed"] = said(ops.close_shot)
    bpy.data.scenes.remove(other)
    return found


def by_script(bench: Bench) -> dict:
    """Operators that wait for their end."""
    ops, scene, found = bpy.ops.lineboil, bpy.context.scene, {}
    bench.behave()
    clip = bench.folder / "clip.mp4"
    clip.write_bytes(b"a clip")
    found["no clip"] = said(ops.new_shot, footage=str(bench.folder / "none.mp4"))[1]
    found["chosen"] = said(ops.choose_clip, filepath=str(clip))
    root = bench.shots.shot_root(scene)
    found["beside the clip"] = root.relative_to(bench.folder).as_posix()
    (root / "shot.toml").write_text(f'format = 1\n[footage]\nsource = "{clip}"\n', encoding="utf-8")
    found["again"] = said(ops.choose_clip, filepath=str(clip))[1]
    found["elsewhere"] = said(ops.choose_clip, filepath=str(clip), folder=str(bench.folder / "second"))
    found["second"] = bench.shots.shot_root(scene).name
    found["run"] = said(ops.run)
    found["stage"] = said(ops.run_stage, stage="matte")
    found["command"] = bench.session.last.command[2:]
    found["until"] = [said(ops.run_until, stage="depth"), bench.session.last.command[2:]]
    found["render as a stage"] = said(ops.run_stage, stage="render")[1]
    scene.frame_set(3)
    found["preview"] = [said(ops.preview, stage="matte"), bench.session.last.command[2:]]
    found["image"] = list(bpy.data.images["Lineboil Preview"].size)
    said(ops.preview, stage="flow", frame=2)
    found["images"] = [image.name for image in bpy.data.images if "Preview" in image.name]
    found["freed"] = said(ops.free_memory)
    found["result"] = said(ops.open_result, what="MOVIE")
    found["refreshed"] = said(ops.refresh)
    found["shot again"] = [said(ops.open_shot, filepath=str(root / "shot.toml")), bench.shots.shot_root(scene).name]
    for behaviour in ("die", "held", "refused", "garbage", "fall-silent"):
        if behaviour != "fall-silent":
            bench.behave("well", f"run={behaviour}")
            found[behaviour] = said(ops.run)
    bench.behave("well", "run=half")
    threading.Timer(1.0, _thread.interrupt_main).start()
    found["ctrl c"] = said(ops.run)
    bench.behave("dies")
    found["useless"] = said(ops.run)[1]
    bench.behave("well", "new=refused")
    found["not made"] = said(ops.new_shot, footage=str(clip), folder=str(bench.folder / "third"))[1]
    found["shot kept"] = bench.shots.shot_root(scene).name
    return found


class Window:
    """The context and the events of a window, as far as a modal operator uses them."""

    def __init__(self, kind, **properties) -> None:
        self.timers, self.texts, self.reports = [], [], []
        manager = SimpleNamespace(
            event_timer_add=lambda seconds, window: self.timers.append("timer") or "timer",
            modal_handler_add=lambda operator: None,
        )
        self.context = SimpleNamespace(
            scene=bpy.context.scene,
            window=bpy.context.window,
            window_manager=manager,
            workspace=SimpleNamespace(name="Layout", status_text_set=self.texts.append),
            screen=SimpleNamespace(is_animation_playing=False),
        )
        names = {name: value for name, value in vars(kind).items() if not name.startswith(("__", "bl_rna"))}
        bases = tuple(base for base in kind.__mro__[1:] if "JobStep" in [item.__name__ for item in base.__mro__])
        names.pop("poll", None)
        self.operator = type("Plain", bases[:1], names)()
        self.operator.report = lambda kinds, text: self.reports.append([*kinds, text])
        for name, value in properties.items():
            setattr(self.operator, name, value)

    def event(self, kind: str = "TIMER", value: str = "PRESS") -> str:
        (answer,) = self.operator.modal(self.context, SimpleNamespace(type=kind, value=value))
        return answer

    def start(self) -> str:
        (answer,) = self.operator.invoke(self.context, None)
        return answer

    def until(self, reached, seconds: float = 30) -> str:
        end, answer = time.monotonic() + seconds, "PASS_THROUGH"
        while answer in ("PASS_THROUGH", "RUNNING_MODAL") and not reached():
            if time.monotonic() > end:
                raise RuntimeError(f"this never came: {self.reports} {self.texts}")
            answer = self.event()
            time.sleep(0.005)
        return answer


def never() -> bool:
    return False


def in_a_window(bench: Bench) -> dict:
    """Operators that run beside the artist."""
    beside, step = bench.module("ops.beside"), bench.module("ops.job_step")
    step.has_artist = lambda context: True
    removed, texts, found = [], [], {}
    beside.bpy = SimpleNamespace(
        context=SimpleNamespace(window_manager=SimpleNamespace(event_timer_remove=removed.append)),
        data=SimpleNamespace(workspaces=[SimpleNamespace(name="Layout", status_text_set=texts.append)]),
    )
    run = bench.module("ops.run").LINEBOIL_OT_run
    bench.give_shot("window")

    bench.behave()
    window = Window(run)
    found["whole"] = [window.start(), window.until(never), window.reports, len(removed), texts[-1:]]

    bench.behave("well", "run=half")
    window = Window(run)
    window.start()
    window.until(lambda: bench.session.task.done == 2)
    found["shown"] = window.texts[-1]
    found["mouse"] = window.event("MOUSEMOVE")
    window.context.screen.is_animation_playing = True
    found["playing"] = [window.event("ESC"), bench.session.task.is_cancelling]
    window.context.screen.is_animation_playing = False
    found["second"] = [Window(run).start(), Window(run).reports]
    found["escape"] = [window.event("ESC"), bench.session.task.is_cancelling, window.texts[-1]]
    found["escaped"] = [window.until(never), window.reports]

    window = Window(run)
    window.start()
    window.until(lambda: bench.session.task.done == 2)
    scene = bpy.data.scenes.new("Next")
    window.operator.cancel(window.context)
    found["window closed"] = [len(beside.Beside.open), bench.session.task is not None, bench.session.notice]
    bench.session.cancel()
    bench.session.wait(bench.session.task)

    bench.behave("well", "run=die")
    window = Window(run)
    found["dead"] = [window.start(), window.until(never), len(window.reports), window.reports[0][0]]

    bench.behave("well", "run=half")
    window = Window(run)
    window.start()
    window.until(lambda: bench.session.task.done == 2)
    bench.give_shot("window2", scene)
    bpy.context.window.scene = scene
    bench.session._take(bench.session.task, bench.module("addon.engine.messages").Done({}))
    bpy.data.scenes.remove(window.context.scene)
    found["scene gone"] = [window.event(), window.reports]
    window.context.scene = scene

    bench.behave()
    window = Window(run)
    window.operator.steps = lambda scene, task: boom()
    window.start()
    try:
        window.until(never)
        found["fault"] = "none"
    except ZeroDivisionError:
        found["fault"] = len(beside.Beside.open)
    window = Window(run)
    done = []
    window.operator.steps = lambda scene, task: (done.append(number) for number in range(5000))
    found["steps"] = [window.start(), window.until(never), len(done)]
    beside.unregister()
    found["left"] = len(beside.Beside.open)
    return found


def boom():
    yield 1
    raise ZeroDivisionError


def main(module, arguments) -> dict:
    bench = Bench(module, Path(arguments[1]), arguments[2])
    return globals()[arguments[0]](bench)
