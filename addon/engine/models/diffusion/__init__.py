# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffusion models: what is asked of one, loading it, and drawing pictures with it.

`request` and `prompts` are plain Python; the other modules load PyTorch when they are used, never when they are
imported.
"""
