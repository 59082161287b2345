"""The file of what moves by itself."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image.movers_store import encode_movers, load_movers


def test_a_mask_comes_back_as_it_was(tmp_path):
    mask = np.random.default_rng(1).random((9, 13), dtype=np.float32)
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_movers(mask, 0.25))
    loaded, doubt = load_movers(path)
    assert doubt == 0.25
    assert np.abs(loaded - mask).max() <= 0.5 / 255 + 1e-6
    assert encode_movers(mask) == encode_movers(mask)


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "000001.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="000001.npz"):
        load_movers(path)
