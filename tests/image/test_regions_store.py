"""The file of flat regions."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image.regions_store import encode_regions, load_regions


def test_labels_come_back_as_they_were(tmp_path):
    labels = np.random.default_rng(1).integers(0, 7, (9, 13), np.uint8)
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_regions(labels))
    assert (load_regions(path) == labels).all()
    assert encode_regions(labels) == encode_regions(labels)


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "other", "missing"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "000001.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="000001.npz"):
        load_regions(path)
