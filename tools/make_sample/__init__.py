# SPDX-License-Identifier: GPL-3.0-or-later
"""How `samples/performer.mp4` is made: a figure, a room, a short dance and its sound, all built by script."""
