"""Keys: the list and the artist's part in it, and the choice by coverage."""

from __future__ import annotations

import itertools
import json

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine.errors import InputError, MissingError, SettingError
from lineboil.addon.engine.key_list import Key, KeyList, key_frames, keys_text, load_keys, merge, parse_keys
from lineboil.addon.engine.keys_advice import advise
from lineboil.addon.engine.messages import SilentReporter
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.stages.keys import suggest
from lineboil.addon.engine.stages.keys_choice import Chooser, Demand
from lineboil.addon.engine.stages.keys_table import SceneTable, Span
from lineboil.addon.engine.state import Record, ShotState

HEIGHT, WIDTH = 48, 80


def texture(seed):
    noise = np.random.default_rng(seed).random((HEIGHT, 4 * WIDTH, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def pan(count, step, seed=1):
    """The camera pans: what leaves is replaced by what no earlier frame shows."""
    wide = texture(seed)
    return [wide[:, round(step * index) : round(step * index) + WIDTH] for index in range(count)]


def chosen(root):
    return load_keys(root / "keys.json")


def ready(root, pictures, mattes=None, **settings):
    make_shot(root, pictures, mattes, **settings)
    run_stage(root, "flow")
    run_stage(root, "keys")
    return chosen(root)


# The list


def own(*frames):
    return KeyList(tuple(Key(frame, "why", added_by="lineboil") for frame in frames), chosen=frames)


def test_what_is_written_is_read_again(tmp_path):
    keys = KeyList(
        (Key(3, "because", "face", (1, 2), True, "artist", {"note": "mine"}), Key(9, "x", added_by="lineboil")),
        removed=(5,),
        chosen=(9,),
        more={"palette": ["red"]},
    )
    (tmp_path / "keys.json").write_text(keys_text(keys), encoding="utf-8")
    assert load_keys(tmp_path / "keys.json") == keys


def test_a_key_added_by_hand_needs_nothing_but_its_frame():
    keys = parse_keys('{"keys": [{"frame": 7}]}', where="keys.json")
    assert keys.keys == (Key(7, added_by="artist"),)
    assert keys.keys[0].is_fixed


def test_a_new_choice_keeps_added_and_locked_keys_and_stays_away_from_removed_ones():
    before = KeyList(
        (Key(4, "mine"), Key(10, "old", locked=True, added_by="lineboil"), Key(20, "old", added_by="lineboil")),
        removed=(30,),
    )
    after = merge(before, [Key(frame, "new", added_by="lineboil") for frame in (4, 15, 30)])
    assert [(key.frame, key.reason) for key in after.keys] == [(4, "mine"), (10, "old"), (15, "new")]
    assert after.removed == (30,)
    assert after.chosen == (10, 15)


def test_a_key_deleted_by_hand_counts_as_removed(tmp_path):
    data = json.loads(keys_text(own(1, 12, 25)))
    data["keys"] = [key for key in data["keys"] if key["frame"] != 12]
    (tmp_path / "keys.json").write_text(json.dumps(data), encoding="utf-8")
    keys = load_keys(tmp_path / "keys.json")
    assert keys.removed == (12,)
    assert merge(keys, own(1, 12, 25).keys).frames == (1, 25)


def test_a_key_moved_by_hand_is_the_artists(tmp_path):
    data = json.loads(keys_text(own(1, 12, 25)))
    data["keys"][1]["frame"] = 14
    (tmp_path / "keys.json").write_text(json.dumps(data), encoding="utf-8")
    keys = load_keys(tmp_path / "keys.json")
    assert [key.frame for key in keys.fixed] == [14]
    assert keys.removed == (12,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", 'no list named "keys"'),
        ('{"keys": [3]}', "holds 3"),
        ('{"keys": [{"frame": 0}]}', '"frame" is 0'),
        ('{"keys": [{"frame": "7"}]}', '"frame" is "7"'),
        ('{"keys": [{"frame": 7}, {"frame": 7}]}', "frame 7 is in it twice"),
        ('{"keys": [{"frame": 7, "locked": "yes"}]}', '"locked" is "yes", not true or false'),
        ('{"keys": [{"frame": 7, "added_by": "bob"}]}', '"added_by" is "bob"'),
        ('{"keys": [{"frame": 7, "cell": [1]}]}', '"cell" is [1]'),
        ('{"keys": [], "removed": [true]}', '"removed" is not a list of frame numbers'),
        ('{"keys": [], "format": 99}', "newer Lineboil"),
    ],
)
def test_a_broken_list_is_told_and_left_alone(tmp_path, text, words):
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_keys(path)
    assert words in str(caught.value)
    assert "keys.json" in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_no_list_yet(tmp_path):
    assert key_frames(tmp_path) == ()
    with pytest.raises(MissingError, match="Run the keys stage"):
        load_keys(tmp_path / "keys.json")


# The choice


def test_a_still_scene_needs_one_key(tmp_path):
    keys = ready(tmp_path / "shot", [texture(1)[:, :WIDTH]] * 10)
    assert len(keys.keys) == 1
    assert keys.keys[0].added_by == "lineboil"
    assert keys.keys[0].reason


def test_what_no_key_shows_asks_for_more_keys(tmp_path):
    still = ready(tmp_path / "slow", pan(16, 1))
    moving = ready(tmp_path / "fast", pan(16, 6))
    assert len(moving.keys) > len(still.keys)
    assert any("is not covered by frame" in key.reason for key in moving.keys)


def test_change_of_the_figure_weighs_more_than_change_behind_it(tmp_path):
    ground, figure = texture(2)[:, :WIDTH], texture(3)
    inside = np.zeros((HEIGHT, WIDTH), np.float32)
    inside[10:38, 30:50] = 1

    def sequence(new_figure):
        made = []
        for index in range(12):
            changed = figure[:, index * 18 : index * 18 + WIDTH]
            where = inside if new_figure else 1 - inside
            made.append(np.where(where[..., None] > 0, changed, ground))
        return made

    in_figure = ready(tmp_path / "figure", sequence(True), [inside] * 12, keys__figure_weight=0.9, keys__coverage=0.5)
    behind = ready(tmp_path / "ground", sequence(False), [inside] * 12, keys__figure_weight=0.9, keys__coverage=0.5)
    assert len(in_figure.keys) > len(behind.keys)
    assert any("the character is not covered" in key.reason for key in in_figure.keys)


def test_a_requested_number_is_kept_and_spread(tmp_path):
    keys = ready(tmp_path / "shot", pan(24, 5), keys__count=4)
    assert len(keys.keys) == 4
    gaps = np.diff([-4, *keys.frames, 28])
    assert gaps.max() <= 12


def test_gaps_stay_within_their_bounds(tmp_path):
    keys = ready(tmp_path / "shot", [texture(1)[:, :WIDTH]] * 30, keys__maximum_gap=5 / 24, keys__minimum_gap=3 / 24)
    frames = np.arange(1, 31)
    assert np.abs(frames[:, None] - np.array(keys.frames)).min(1).max() <= 5
    assert np.diff(keys.frames).min() >= 3
    assert any("the next key is more than 5 frames away" in key.reason for key in keys.keys)


def test_every_scene_has_a_key_and_none_serves_two(tmp_path):
    pictures = pan(6, 1, 1) + pan(6, 1, 9) + [texture(20)[:, :WIDTH]]
    keys = ready(tmp_path / "shot", pictures, scenes=((1, 6), (7, 12), (13, 13)))
    for first, last in ((1, 6), (7, 12), (13, 13)):
        assert any(first <= frame <= last for frame in keys.frames)
    assert keys.keys[-1].reason == "the only frame of the scene"


def test_a_sharp_frame_is_preferred_to_a_blurred_one(tmp_path):
    still = texture(4)[:, :WIDTH]
    blurred = cv2.blur(still, (9, 1))
    pictures = [blurred, blurred, blurred, still, blurred, blurred]
    keys = ready(tmp_path / "shot", pictures, keys__count=1)
    assert keys.frames == (4,)


def test_the_artists_edits_survive_another_choice(tmp_path):
    root = tmp_path / "shot"
    first = ready(root, pan(20, 5))
    data = json.loads((root / "keys.json").read_text(encoding="utf-8"))
    gone = data["keys"].pop(0)["frame"]
    data["keys"][0]["locked"] = True
    locked = data["keys"][0]["frame"]
    mine = next(frame for frame in range(1, 21) if all(abs(frame - key) > 0 for key in first.frames))
    data["keys"].append({"frame": mine, "reason": "I like it", "colour": "blue"})
    (root / "keys.json").write_text(json.dumps(data), encoding="utf-8")
    run_stage(root, "keys")
    again = chosen(root)
    assert gone not in again.frames
    assert {locked, mine} <= set(again.frames)
    assert next(key for key in again.keys if key.frame == mine).more == {"colour": "blue"}
    before = (root / "keys.json").read_bytes()
    run_stage(root, "keys")
    assert (root / "keys.json").read_bytes() == before


def test_a_broken_list_stops_the_stage_and_stays(tmp_path):
    root = tmp_path / "shot"
    ready(root, pan(6, 1))
    (root / "keys.json").write_text('{"keys": [', encoding="utf-8")
    with pytest.raises(InputError, match="not valid JSON"):
        run_stage(root, "keys")
    assert (root / "keys.json").read_text(encoding="utf-8") == '{"keys": ['


def test_a_key_beyond_the_end_is_told(tmp_path):
    root = tmp_path / "shot"
    ready(root, pan(6, 1))
    (root / "keys.json").write_text('{"keys": [{"frame": 7}]}', encoding="utf-8")
    with pytest.raises(InputError, match="key at frame 7, but the shot has 6 frames"):
        run_stage(root, "keys")


# The best of all choices


def random_table(seed, size=13, reach=4):
    """A scene of which every frame is a candidate; between keys farther apart than the band only the ends are known."""
    random = np.random.default_rng(seed)

    def span(*shape):
        return Span(*(random.random(shape).astype(np.float32) for _ in range(3)))

    table = SceneTable(1, size, reach, np.arange(1, size + 1))
    table.before, table.after, table.between = span(size), span(size), span(size, 2 * reach)
    table.sharpness = np.ones(size, np.float32)
    return table


def chooser(table, fixed=(), removed=(), gap=2, coverage=0.5):
    return Chooser(table, Demand(coverage, 0.5, gap, table.reach), list(fixed), tuple(removed))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_no_other_choice_of_as_many_keys_is_better(seed, count):
    some = chooser(random_table(seed), fixed=(6,), removed=(9,))
    found = some.by_number(count)[count]
    others = [
        frames
        for frames in itertools.combinations(range(1, 14), count)
        if 6 in frames and not {8, 9, 10} & set(frames) and all(np.diff(frames) >= 2)
    ]
    least = min(some.judged(list(frames)).error for frames in others)
    assert found.error == pytest.approx(least, rel=1e-5)
    assert found.frames in others


@pytest.mark.parametrize("seed", range(5))
def test_no_fewer_keys_show_as_much_as_demanded(seed):
    some = chooser(random_table(seed), coverage=0.3)
    found = some.as_needed()
    assert found.worst <= 0.7 + 1e-5 or len(found.frames) > 1

    def is_enough(frames):
        far = max([frames[0] - 1, 13 - frames[-1], *(gap // 2 for gap in np.diff(frames).tolist())])
        return some.judged(list(frames)).worst <= 0.7 and far <= 4 and all(np.diff(frames) >= 2)

    for count in range(1, len(found.frames)):
        assert not any(is_enough(frames) for frames in itertools.combinations(range(1, 14), count))


def test_a_number_goes_before_the_gap_between_keys():
    table = random_table(1)
    found = chooser(table, gap=6).by_number(8)
    assert len(found[8].frames) == 8
    assert np.diff(found[2].frames).min() >= 6


def test_keys_of_several_scenes_go_where_they_help_most(tmp_path):
    pictures = [texture(20)[:, :WIDTH]] * 18 + pan(12, 5, 1)
    keys = ready(tmp_path / "shot", pictures, scenes=((1, 18), (19, 30)), keys__count=3)
    assert sum(frame > 18 for frame in keys.frames) == 2


def suggestion(root, quality):
    state, spec = ShotState(Shot(root)), BY_NAME["keys"]
    frames = tuple(range(1, state.footage().count + 1))
    return suggest(StageContext(state, spec, Record(), frames, Listener()), quality)


def test_a_suggestion_tells_how_many_keys_reach_a_quality_and_changes_nothing(tmp_path):
    root = tmp_path / "shot"
    ready(root, pan(20, 8))
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    found = suggestion(root, 0.95)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    shown = [row["shown"] for row in found["table"]]
    assert np.diff(shown).min() > -0.01 and shown[-1] > shown[0]
    reached = [row["keys"] for row in found["table"] if row["shown"] >= 0.95]
    assert found["suggested"] == reached[0] > 1
    assert suggestion(root, 0.5)["suggested"] <= found["suggested"]


def test_suggested_keys_are_those_that_are_chosen_when_asked_for(tmp_path):
    root = tmp_path / "shot"
    make_shot(root, pan(20, 4))
    run_stage(root, "flow")
    row = suggestion(root, 0.8)["table"][2]
    Shot(root).change({"keys.count": 3})
    run_stage(root, "keys")
    assert list(chosen(root).frames) == row["frames"]


def test_a_suggestion_keeps_the_artists_keys(tmp_path):
    root = tmp_path / "shot"
    ready(root, pan(20, 4))
    (root / "keys.json").write_text('{"keys": [{"frame": 2}, {"frame": 3}], "removed": [10]}', encoding="utf-8")
    for row in suggestion(root, 0.8)["table"]:
        assert {2, 3} <= set(row["frames"])
        assert 10 not in row["frames"]


@pytest.mark.parametrize("quality", [0, -1, 1.5, float("nan")])
def test_a_quality_that_cannot_be_had_is_told(tmp_path, quality):
    with pytest.raises(SettingError, match="cannot be had"):
        advise(make_shot(tmp_path / "shot", pan(2, 1)), SilentReporter(), quality)


def test_the_artists_own_keys_being_all_that_is_asked_for_nothing_is_compared(tmp_path):
    root = tmp_path / "shot"
    make_shot(root, pan(8, 2), keys__count=2)
    (root / "keys.json").write_text(keys_text(KeyList((Key(2, "mine"), Key(7, "mine too")))), encoding="utf-8")
    listener = Listener()
    run_stage(root, "keys", listener)
    assert not [message for message in listener.messages if message.kind == "progress"]
    assert [(key.frame, key.reason) for key in load_keys(root / "keys.json").keys] == [(2, "mine"), (7, "mine too")]
