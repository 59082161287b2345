"""Tries and redrawn regions: what is asked of the model, what is seen meanwhile, kept, stopped, restored and used.

The model is a stand-in that paints; the true one is in test_diffuse_model.py.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from carry_shot import Listener, make_shot
from lineboil.addon.engine import cli, pipeline
from lineboil.addon.engine.errors import Cancelled, EngineError
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.key_list import Key, KeyList, keys_text, load_keys
from lineboil.addon.engine.messages import Failed
from lineboil.addon.engine.models.diffusion.request import Model
from lineboil.addon.engine.models.person.landmarks import empty_landmarks, save_landmarks
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages import diffuse_redraw, diffuse_request, diffuse_tries, diffuse_try
from lineboil.addon.engine.tries import Tries

HEIGHT, WIDTH, COUNT = 96, 160, 6
KEYS = (1, 3, 6)


class Painter:
    """Draws a picture of one colour that tells the seed; remembers what it was asked."""

    device = "cpu"

    def __init__(self) -> None:
        self.asked: list = []
        self.stop_at = 0

    def draw(self, request, step):
        self.asked.append(request)
        picture = np.full_like(request.image, request.seed)
        done = max(1, int(request.steps * request.strength))
        for number in range(1, done + 1):
            if number == self.stop_at:
                raise Cancelled
            step(number, done, lambda: picture[::8, ::8])
        return picture


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Painter:
    made = Painter()
    for module in (diffuse_tries, diffuse_redraw):
        monkeypatch.setattr(module, "diffuser_for", lambda *_: made)
        monkeypatch.setattr(module, "model_of", lambda *_: Model("sd15", Path("none")))
    monkeypatch.setattr(diffuse_request, "kinds_of", lambda *_: ())
    monkeypatch.setattr(diffuse_try, "_LOOK_SECONDS", 0.0)
    # The stages before are there already.
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: None)
    return made


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    rng = np.random.default_rng(3)
    pictures = [rng.random((HEIGHT, WIDTH, 3), np.float32) for _ in range(COUNT)]
    values = {"diffuse__engine": "diffusion", "diffuse__prompt": "a cat", "diffuse__cell_multiple": 8}
    made = make_shot(tmp_path / "shot", pictures, **values)
    keys = tuple(Key(frame, more={"prompt": "a dog", "seed": 40} if frame == 3 else {}) for frame in KEYS)
    (made.root / "keys.json").write_text(keys_text(KeyList(keys)), encoding="utf-8")
    return made


def lineboil(*words: object) -> tuple[dict, list]:
    """The result of a command line, and what was told."""
    listener = Listener()
    last = cli.conclude(cli.parse([str(word) for word in words]), listener)
    assert not isinstance(last, Failed), last
    return last.result, listener.messages


def refused(*words: object) -> str:
    last = cli.conclude(cli.parse([str(word) for word in words]), Listener())
    assert isinstance(last, Failed)
    return f"{last.what} {last.remedy}"


def test_a_key_is_drawn_small_and_seen_while_it_comes(shot: Shot, painter: Painter) -> None:
    text = (shot.root / "shot.toml").read_text(encoding="utf-8")
    result, told = lineboil("try", shot.root, "--frame", 1, "diffuse.prompt=a horse")
    request = painter.asked[0]
    assert request.image.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert (request.prompt, request.steps, request.strength) == ("a horse", 10, 0.6)
    previews = [Path(one.path).name for one in told if one.kind == "preview"]
    assert previews[-1] == "000001.png" and previews.count("try-live.png") == 5
    assert [one.total for one in told if one.kind == "progress"][-1] == 6
    item = Tries(shot.state).get(1)
    # Restored, it gives back the artist's steps, not those of the quick try.
    assert item.settings["diffuse"]["steps"] == 0 and item.settings["diffuse"]["prompt"] == "a horse"
    assert (item.what, item.frames, item.facts["size"]) == ("key", (1,), [80, 48])
    assert result == {"try": "1", "picture": str(Tries(shot.state).picture(1))}
    assert (shot.root / "shot.toml").read_text(encoding="utf-8") == text


def test_a_frame_that_is_no_key_shows_the_nearest(shot: Shot, painter: Painter) -> None:
    _, told = lineboil("try", shot.root, "--frame", 4)
    assert "the nearest, frame 3, is shown" in next(one.text for one in told if one.kind == "note")
    # What a key says of itself goes before the settings, but not before what a strip asks for.
    assert (painter.asked[0].prompt, painter.asked[0].seed) == ("a dog", 40)
    lineboil("try", shot.root, "--frame", 3, "--seeds", "7")
    assert painter.asked[1].seed == 7


def test_a_strip_has_all_variations_and_a_sheet(shot: Shot, painter: Painter) -> None:
    result, told = lineboil("try", shot.root, "--frame", 1, "--seeds", "5,6", "--strengths", ".4, .8", "--size", "1")
    assert [(one.seed, one.strength) for one in painter.asked] == [(5, 0.4), (6, 0.4), (5, 0.8), (6, 0.8)]
    assert result["tries"] == "1, 2, 3, 4"
    sheet = files.read_rgb8(Path(result["picture"]))
    assert sheet.shape[0] > 2 * HEIGHT and sheet.shape[1] > 2 * WIDTH
    assert {5, 6} <= set(np.unique(sheet))
    items = Tries(shot.state).all()
    assert [item.settings["diffuse"]["strength"] for item in items] == [0.4, 0.4, 0.8, 0.8]
    assert any("drawing 3 of 4" in one.what for one in told if one.kind == "progress")


def test_a_grid_is_drawn_small(shot: Shot, painter: Painter) -> None:
    lineboil("try", shot.root)
    item = Tries(shot.state).get(1)
    assert item.what == "grid" and sorted(item.frames) == list(KEYS) and item.facts["grid"] == 1
    assert max(painter.asked[0].image.shape) <= 1536 // 2
    assert "no grid 9" in refused("try", shot.root, "--grid", 9)


def test_stopped_in_mid_strip_the_finished_ones_are_kept(shot: Shot, painter: Painter) -> None:
    draw = painter.draw

    def second_is_stopped(request, step):
        painter.stop_at = 2 if painter.asked else 0
        return draw(request, step)

    painter.draw = second_is_stopped
    last = cli.conclude(cli.parse(["try", str(shot.root), "--frame", "1", "--seeds", "1,2,3"]), Listener())
    assert isinstance(last, Failed) and last.exit_code == 130
    assert [item.seed for item in Tries(shot.state).all()] == [1]
    with pytest.raises(Cancelled), pipeline.beside(shot, Listener(1), "diffuse", (), "try") as context:
        diffuse_tries.make_tries(context, diffuse_tries.Order(frame=1))


def test_restored_and_branched_from(shot: Shot, painter: Painter) -> None:
    lineboil("try", shot.root, "--frame", 3, "diffuse.strength=0.3", "diffuse.style=in ink", "--seeds", "9")
    keys = load_keys(shot.root / "keys.json")
    plain = KeyList(tuple(Key(key.frame, more={"mood": "blue"}) for key in keys.keys))
    (shot.root / "keys.json").write_text(keys_text(plain), encoding="utf-8")
    _, _ = lineboil("try", shot.root, "--from", 1, "--frame", 1, "diffuse.strength=0.9")
    item = Tries(shot.state).get(2)
    assert (item.parent, item.seed, item.settings["diffuse"]["style"]) == (1, 9, "in ink")
    assert painter.asked[1].strength == 0.9 and painter.asked[1].prompt == "a cat, in ink"
    result, _ = lineboil("tries", shot.root, "--restore", 1)
    assert result["diffuse.strength"] == "0.3"
    now = Shot(shot.root).settings["diffuse"]
    assert (now.strength, now.style, now.seed, now.steps) == (0.3, "in ink", 9, 0)
    again = load_keys(shot.root / "keys.json")
    assert [key.more for key in again.keys] == [
        {"mood": "blue"}, {"mood": "blue", "prompt": "a dog", "seed": 40}, {"mood": "blue"}
    ]


def test_listed_kept_and_removed(shot: Shot, painter: Painter) -> None:
    lineboil("try", shot.root, "--frame", 1, "--seeds", "1,2")
    lineboil("tries", shot.root, "--keep", 2)
    lineboil("tries", shot.root, "--remove", 1)
    result, told = lineboil("tries", shot.root)
    assert result["tries"] == 1 and [(one.stage, one.state) for one in told] == [("try 2", "kept")]
    lineboil("tries", shot.root, "--unkeep", 2)
    assert not Tries(shot.state).get(2).is_kept
    assert "no try 7" in refused("tries", shot.root, "--restore", 7)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seeds", "a,b"], "no numbers"),
        (["--seeds", "-3"], "not allowed in --seeds"),
        (["--strengths", "1.4"], "not allowed in --strengths"),
        (["--strengths", "nan"], "not allowed in --strengths"),
        (["--seeds", ",".join(str(seed) for seed in range(65))], "at most 64 pictures"),
        (["--size", "3"], "Allowed: 0.25 to 1"),
        (["--from", "4"], "there is no try 4"),
        (["--look", "mud"], 'no look "mud"'),
        (["matte.feather=2"], "cannot be tried"),
        (["diffuse.engine=filter"], 'made by "filter"'),
    ],
)
def test_what_cannot_be_tried_is_told(shot: Shot, painter: Painter, words: list[str], told: str) -> None:
    assert told in refused("try", shot.root, *words)
    assert painter.asked == []


# A region again


def styled(shot: Shot, frame: int) -> Path:
    return shot.root / "styled" / frame_name(frame)


@pytest.fixture
def drawn(shot: Shot) -> Shot:
    rng = np.random.default_rng(8)
    files.write_rgb(styled(shot, 1), rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[30:60, 40:80] = 1
    files.write_grey(shot.root / "mask.png", mask)
    return shot


def test_a_painted_region_is_drawn_again_and_nothing_else(drawn: Shot, painter: Painter) -> None:
    before = files.read_rgb8(styled(drawn, 1))
    result, told = lineboil("redraw", drawn.root, "--frame", 1, "--mask", drawn.root / "mask.png", "diffuse.seed=200")
    after = files.read_rgb8(styled(drawn, 1))
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[30:60, 40:80] = False
    assert np.array_equal(after[outside], before[outside])
    assert (after[40:50, 50:70] == 200).all()
    request = painter.asked[0]
    # As large as the model draws well, from the key as it is redrawn, held where the mask is not.
    assert max(request.image.shape) == 512 and request.mask.shape == request.image.shape[:2]
    assert np.array_equal(request.image, request.kept) and set(np.unique(request.mask)) == {0.0, 1.0}
    assert any("your own picture now" in one.text for one in told if one.kind == "note")
    # What it was before can be put back.
    history = Tries(drawn.state)
    assert [item.note for item in history.all()] == [
        "frame 1 before a painted mask again", "a painted mask again"
    ]
    assert result["try"] == 2
    lineboil("tries", drawn.root, "--use", 1)
    assert np.array_equal(files.read_rgb8(styled(drawn, 1)), before)


def test_only_looked_at_the_key_stays(drawn: Shot, painter: Painter) -> None:
    before = styled(drawn, 1).read_bytes()
    lineboil("redraw", drawn.root, "--frame", 1, "--mask", drawn.root / "mask.png", "--look-only", "--size", 256)
    assert styled(drawn, 1).read_bytes() == before
    assert len(Tries(drawn.state).all()) == 1 and max(painter.asked[0].image.shape) == 256


def test_stopped_nothing_is_changed(drawn: Shot, painter: Painter) -> None:
    before = styled(drawn, 1).read_bytes()
    painter.stop_at = 1
    with contextlib.suppress(EngineError):
        cli.conclude(
            cli.parse(["redraw", str(drawn.root), "--frame", "1", "--mask", str(drawn.root / "mask.png")]), Listener()
        )
    assert styled(drawn, 1).read_bytes() == before and Tries(drawn.state).all() == []


def test_a_face_is_found_by_its_landmarks(drawn: Shot, painter: Painter) -> None:
    found = empty_landmarks(1, COUNT)
    angles = np.linspace(0, 2 * np.pi, 468)
    found.face[0, 0, :, :2] = np.stack([100 + 12 * np.cos(angles), 40 + 15 * np.sin(angles)], 1)
    save_landmarks(drawn.root / "pose" / "landmarks.npz", found)
    before = files.read_rgb8(styled(drawn, 1)).astype(int)
    lineboil("redraw", drawn.root, "--frame", 1, "--part", "face")
    changed = (files.read_rgb8(styled(drawn, 1)) != before).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (19 <= rows[0] <= 26) and (54 <= rows[-1] <= 61) and (82 <= columns[0] <= 89) and (111 <= columns[-1] <= 118)
    assert "no left hand is seen in frame 1" in refused("redraw", drawn.root, "--frame", 1, "--part", "left_hand")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--frame", "2", "--part", "face"], "frame 2 is no key The nearest are 1 and 3"),
        (["--frame", "3", "--part", "face"], "frame 3 is not redrawn yet"),
        (["--frame", "1", "--part", "face"], "nobody was looked for"),
        (["--frame", "1", "--part", "tail"], 'no part "tail"'),
        (["--frame", "1", "--part", "character"], "marks nothing"),
        (["--frame", "1", "--mask", "gone.png"], "missing or cannot be read"),
        (["--frame", "1", "--mask", "MASK", "--size", "300"], "multiple of 8"),
        (["--frame", "1", "--mask", "MASK", "matte.feather=1"], "Only settings of diffuse"),
    ],
)
def test_what_cannot_be_redrawn_is_told(drawn: Shot, painter: Painter, words: list[str], told: str) -> None:
    drawn.change({"matte.engine": "off"})
    given = [str(drawn.root / "mask.png") if word == "MASK" else word for word in words]
    assert told in refused("redraw", drawn.root, *given)


def test_masks_that_do_not_fit(drawn: Shot, painter: Painter) -> None:
    files.write_grey(drawn.root / "square.png", np.ones((50, 50), np.float32))
    files.write_grey(drawn.root / "black.png", np.zeros((HEIGHT, WIDTH), np.float32))
    assert "50x50 pixels, the frames are 160x96" in refused(
        "redraw", drawn.root, "--frame", 1, "--mask", drawn.root / "square.png"
    )
    assert "marks nothing" in refused("redraw", drawn.root, "--frame", 1, "--mask", drawn.root / "black.png")


def test_a_small_try_does_not_take_the_place_of_a_key(drawn: Shot, painter: Painter) -> None:
    lineboil("try", drawn.root, "--frame", 1)
    assert "is 80x48 pixels, the key 160x96" in refused("tries", drawn.root, "--use", 1)
    lineboil("try", drawn.root, "--frame", 1, "--size", 1, "--seeds", 77)
    lineboil("tries", drawn.root, "--use", 2)
    assert (files.read_rgb8(styled(drawn, 1)) == 77).all()
    lineboil("try", drawn.root, "--grid", 1)
    assert "shows a grid of keys" in refused("tries", drawn.root, "--use", 3)

