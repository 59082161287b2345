# SPDX-License-Identifier: GPL-3.0-or-later
"""What each stage is: its settings, what it reads and what it writes. Standard library only: Blender reads this too."""
