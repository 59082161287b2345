# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is not a button or a panel."""
