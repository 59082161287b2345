# SPDX-License-Identifier: GPL-3.0-or-later
"""Lineboil: film a performer, restyle them, light them in 3D."""
