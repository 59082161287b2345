# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure array maths, and reading and writing pictures."""
