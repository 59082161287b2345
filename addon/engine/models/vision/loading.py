# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of transformers from a folder on the disk: safetensors only, nothing is fetched."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError
from ..offline import stay_offline


def load_network(name: str, folder: Path, device: str) -> Any:
    """A network, ready to be asked.

    Args:
        name: Class in transformers.
        folder: With config.json and model.safetensors.
        device: PyTorch's name.

    Raises:
        InputError: It is damaged, or holds another kind of network.
    """
    stay_offline()
    import transformers
    from safetensors import SafetensorError

    kind = getattr(transformers, name)
    try:
        network, notes = kind.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"cannot be used as {name}: {first}", where=str(folder), remedy="Fetch it again.") from error
    lacking = sorted(notes["missing_keys"])
    if lacking:
        raise InputError(
            f"holds another network than {name}: {lacking[0]} is not in it", where=str(folder), remedy="Fetch it again."
        )
    return network.eval().to(device)


def best_device(wanted: str = "auto") -> str:
    """PyTorch's name of what works: a graphics card where there is one."""
    import torch

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
