# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of transformers that see what is in a frame, for controls; PyTorch is loaded when one is asked for."""
