# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks that find people: body, hands, face and pupils, run by LiteRT."""
