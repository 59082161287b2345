# SPDX-License-Identifier: GPL-3.0-or-later
"""One file a stage: run(context) makes its frames."""
