"""The contact sheet: a row for every stage that has pictures, a column for every frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import contact, files
from lineboil.addon.engine.image.contact import flow_colours, laid_on, make_contact_sheet

HEIGHT, WIDTH, COUNT = 90, 160, 8
COLOURS = {"frames": (0.9, 0.1, 0.1), "styled": (0.1, 0.9, 0.1), "propagated": (0.1, 0.1, 0.9)}


def write(root, folder, frame, colour, height=HEIGHT, width=WIDTH):
    picture = np.full((height, width, 3), colour, np.float32)
    files.write_rgb(root / folder / frame_name(frame), picture)


def shot(root, folders=("frames",), frames=range(1, COUNT + 1)):
    for folder in folders:
        for frame in frames:
            write(root, folder, frame, COLOURS[folder])
    return root


def places(sheet, colour):
    """Bounding boxes (x, y, width, height) of the areas of a colour, large enough to be a picture."""
    mask = (np.abs(sheet - np.array(colour, np.float32)).max(-1) < 0.02).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return sorted(tuple(map(int, box[:4])) for box in stats[1:] if box[2] > 40 and box[3] > 20)


def sheet_of(root, **changes):
    path = root / "sheet.png"
    make_contact_sheet(root, path, **changes)
    return files.read_rgb(path)


def test_a_row_for_each_stage_and_a_column_for_each_frame(tmp_path):
    sheet = sheet_of(shot(tmp_path, COLOURS), columns=4)
    rows = {name: places(sheet, colour) for name, colour in COLOURS.items()}
    assert [len(boxes) for boxes in rows.values()] == [4, 4, 4]
    tops = [boxes[0][1] for boxes in rows.values()]
    assert tops == sorted(tops)
    lefts = [[box[0] for box in boxes] for boxes in rows.values()]
    assert lefts[0] == lefts[1] == lefts[2]
    assert sheet.shape[1] <= 2400


def test_stages_without_pictures_have_no_row(tmp_path):
    alone = sheet_of(shot(tmp_path / "a"))
    both = sheet_of(shot(tmp_path / "b", ("frames", "propagated")))
    assert both.shape[0] > 1.7 * alone.shape[0]


def test_wanted_frames_are_shown_and_a_missing_one_leaves_its_place(tmp_path):
    root = shot(tmp_path)
    for frame, folder in ((7, "frames"), (2, "propagated"), (7, "propagated")):
        write(root, folder, frame, (0.2, 0.8, 0.8) if folder == "frames" else COLOURS[folder])
    sheet = sheet_of(root, frames=(2, 5, 7))
    shown = places(sheet, COLOURS["frames"])
    assert len(shown) == 2
    seventh = places(sheet, (0.2, 0.8, 0.8))[0]
    assert [box[0] for box in places(sheet, COLOURS["propagated"])] == [shown[0][0], seventh[0]]


def test_every_frame_shows_the_key_nearest_to_it(tmp_path):
    root = shot(tmp_path)
    write(root, "styled", 2, (0.1, 0.9, 0.1))
    write(root, "styled", 7, (0.9, 0.9, 0.1))
    sheet = sheet_of(root, frames=(1, 3, 6, 8))
    columns = [box[0] for box in places(sheet, COLOURS["frames"])]
    assert [box[0] for box in places(sheet, (0.1, 0.9, 0.1))] == columns[:2]
    assert [box[0] for box in places(sheet, (0.9, 0.9, 0.1))] == columns[2:]


def test_labels_and_numbers_are_written(tmp_path):
    sheet = sheet_of(shot(tmp_path), columns=3)
    first = places(sheet, COLOURS["frames"])[0]
    head, label = sheet[: first[1]], sheet[first[1] : first[1] + first[3], : first[0]]
    assert (head > 0.7).all(-1).sum() > 100
    assert (label > 0.7).all(-1).sum() > 50


def test_a_portrait_keeps_its_shape(tmp_path):
    for frame in (1, 2, 3):
        write(tmp_path, "frames", frame, COLOURS["frames"], 320, 180)
    box = places(sheet_of(tmp_path), COLOURS["frames"])[0]
    assert box[3] / box[2] == pytest.approx(320 / 180, rel=0.03)


def test_the_matte_cuts_the_picture_out(tmp_path):
    root = shot(tmp_path)
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[:, : WIDTH // 2] = 1
    for frame in range(1, COUNT + 1):
        files.write_grey(root / "matte" / frame_name(frame), matte)
    sheet = sheet_of(root, columns=2)
    assert len(places(sheet, COLOURS["frames"])) == 4
    whole, cut = sorted(box[2] for box in places(sheet, COLOURS["frames"]))[::2][::-1]
    assert cut == pytest.approx(whole / 2, abs=3)


def test_laid_on_is_the_picture_where_the_matte_is_full():
    picture = np.full((4, 6, 3), 0.2, np.float32)
    matte = np.repeat(np.array([[1, 1, 0.5, 0.5, 0, 0]], np.float32), 4, 0)
    result = laid_on(picture, matte, np.full(3, 0.6, np.float32))
    assert result[0, [0, 2, 5], 0].tolist() == pytest.approx([0.2, 0.4, 0.6])


def test_flow_colours_tell_direction_and_still_ground():
    flow = np.zeros((20, 30, 2), np.float32)
    flow[:, :10, 0] = 5
    flow[:, 20:, 0] = -5
    colours = flow_colours(flow)
    assert np.allclose(colours[:, 10:20], 1)
    assert colours[0, 0].argmax() == 0
    assert np.abs(colours[0, 0] - colours[0, 25]).max() > 0.5


def test_a_shot_without_frames_is_told(tmp_path):
    with pytest.raises(InputError, match=r"no frames yet.*footage"):
        make_contact_sheet(tmp_path, tmp_path / "sheet.png")


def test_every_stage_with_pictures_has_a_row():
    assert [row.label for row in contact._ROWS] == [
        "footage", "flow", "pose", "matte", "depth", "controls", "nearest key", "propagate", "upscale", "cutout",
        "render",
    ]


def test_flow_colours_of_a_picture_that_hardly_moves_stay_pale():
    flow = np.full((20, 30, 2), 0.1, np.float32)
    assert flow_colours(flow).min() > 0.9
