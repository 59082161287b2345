# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blender side: turns the finished files of a shot into a scene, and a scene into frames."""
