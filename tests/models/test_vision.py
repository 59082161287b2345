"""Networks that see, in their true classes with tiny random weights: what goes in, what comes out, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image.ade20k import COLOURS, PALETTE, in_colours
from lineboil.addon.engine.models.vision.bodies import BodyFinder, openpose_points
from lineboil.addon.engine.models.vision.segments import Segmenter

pytest.importorskip("transformers")
pytest.importorskip("torch")


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Folders of the three networks."""
    import torch
    import transformers as all_of

    torch.manual_seed(1)
    root = tmp_path_factory.mktemp("networks")
    stages = ["stage1", "stage2", "stage3", "stage4"]
    seen = all_of.ConvNextConfig(hidden_sizes=[8] * 4, depths=[1] * 4, out_features=stages)
    names = dict.fromkeys(range(150), "x")
    segments = all_of.UperNetConfig(
        backbone_config=seen, hidden_size=16, pool_scales=[1, 2], auxiliary_channels=8, id2label=names
    )
    all_of.UperNetForSemanticSegmentation(segments).save_pretrained(root / "segments")
    eye = all_of.VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        out_indices=[2],
    )
    joints = all_of.VitPoseConfig(
        backbone_config=eye, use_simple_decoder=True, id2label=dict.fromkeys(range(17), "joint")
    )
    all_of.VitPoseForPoseEstimation(joints).save_pretrained(root / "body")
    stem = all_of.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=stages[1:],
    )
    people = all_of.RTDetrV2Config(
        backbone_config=stem, encoder_in_channels=[8, 8, 8], feat_strides=[8, 16, 32], encoder_hidden_dim=16,
        encoder_ffn_dim=16, encoder_attention_heads=2, d_model=16, num_queries=12, decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16, decoder_layers=2, decoder_attention_heads=2, num_feature_levels=3, decoder_n_points=2,
        id2label={0: "dog", 1: "person"}, label2id={"dog": 0, "person": 1},
    )
    all_of.RTDetrV2ForObjectDetection(people).save_pretrained(root / "people")
    return root


def picture(seed=0, height=90, width=120):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def test_every_pixel_gets_a_class_and_its_colour(networks):
    segmenter = Segmenter(networks / "segments", "cpu")
    classes = segmenter(picture())
    assert classes.shape == (90, 120)
    assert classes.min() >= 0
    assert classes.max() < 150
    assert np.array_equal(classes, segmenter(picture()))
    assert np.array_equal(in_colours(classes)[4, 5], PALETTE[classes[4, 5]])


def test_the_palette_is_that_of_the_data_set():
    assert PALETTE.shape == (150, 3)
    assert PALETTE[0].tolist() == [120, 120, 120]
    assert PALETTE[149].tolist() == [92, 0, 255]
    assert len({tuple(colour) for colour in PALETTE.tolist()}) == 149
    assert COLOURS["person"] == (150, 5, 61)
    assert COLOURS["sky"] == (6, 230, 230)


def test_people_are_those_the_detector_is_sure_of(networks):
    finder = BodyFinder(networks / "people", networks / "body", "cpu")
    assert len(finder.boxes(picture())) == 0
    assert finder(picture()) == []
    network = finder._detector
    told = network(pixel_values=_pixels(finder))
    sure = told.logits[0, :, 1].argmax().item()
    _make_sure_of(finder, told, sure)
    boxes = finder.boxes(picture())
    assert boxes.shape == (1, 4)
    x, y, w, h = (told.pred_boxes[0, sure] * 1.0).tolist()
    assert boxes[0] == pytest.approx([(x - w / 2) * 120, (y - h / 2) * 90, w * 120, h * 90], abs=1e-3)


def test_joints_come_back_in_the_picture(networks):
    finder = BodyFinder(networks / "people", networks / "body", "cpu")
    finder.boxes = lambda image8: np.array([(20, 10, 60, 70), (5, 5, 20, 40)], np.float32)
    import lineboil.addon.engine.models.vision.bodies as bodies

    least, bodies._LEAST_JOINT_SCORE = bodies._LEAST_JOINT_SCORE, -10.0
    try:
        people = finder(picture())
    finally:
        bodies._LEAST_JOINT_SCORE = least
    assert [one.shape for one in people] == [(18, 2), (18, 2)]
    assert np.isfinite(people[0]).all()
    # A box is widened before it is cut out.
    assert people[0].min() > -20
    assert people[0].max() < 130
    assert people[0][1] == pytest.approx((people[0][2] + people[0][5]) / 2, abs=1e-3)


def test_joints_of_coco_become_openpose_points():
    joints = np.column_stack([np.arange(17), np.arange(17)]).astype(np.float32)
    scores = np.ones(17, np.float32)
    scores[10] = 0.1
    points = openpose_points(joints, scores)
    assert points[:, 0].tolist()[:4] == [0, 5.5, 6, 8]
    assert np.isnan(points[4]).all()
    assert points[[5, 6, 7, 14, 15, 16, 17], 0].tolist() == [5, 7, 9, 2, 1, 4, 3]


def test_another_network_and_a_damaged_file_are_told(networks, tmp_path):
    with pytest.raises(InputError, match="UperNetForSemanticSegmentation"):
        Segmenter(networks / "people", "cpu")
    broken = tmp_path / "segments"
    broken.mkdir()
    (broken / "config.json").write_bytes((networks / "segments/config.json").read_bytes())
    whole = (networks / "segments/model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="Fetch it again"):
        Segmenter(broken, "cpu")
    (broken / "model.safetensors").unlink()
    (broken / "pytorch_model.bin").write_bytes(b"not to be opened")
    with pytest.raises(InputError, match="cannot be used"):
        Segmenter(broken, "cpu")


def _pixels(finder):
    import cv2
    import torch

    small = cv2.resize(picture(), (640, 640), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(small.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def _make_sure_of(finder, told, index):
    """The detector says what it said, and is sure of one person."""
    import torch

    told.logits = torch.full_like(told.logits, -9.0)
    told.logits[0, index, 1] = 3.0

    class Sure:
        config = finder._detector.config

        def __call__(self, **words):
            return told

    told.pred_boxes = told.pred_boxes.detach()
    finder._detector = Sure()
