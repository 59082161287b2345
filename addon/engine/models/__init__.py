# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks: where their files come from and how they run."""
