# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: turns footage into finished frames. Knows nothing of Blender and imports nothing above itself."""
