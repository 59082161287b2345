# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is the character: one grey picture of coverage for every frame."""

from __future__ import annotations

from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_alpha import AlphaMatte, WholeMatte
from .matte_auto import choose
from .matte_base import MatteEngine, finish
from .matte_chroma import ChromaMatte
from .matte_given import GivenMatte
from .matte_motion import MotionMatte
from .matte_person import PersonMatte, load_landmarks_or_none
from .matte_plate import PlateMatte


def check(context: StageContext) -> None:
    """Look at the artist's mattes before any that were made go.

    Raises:
        InputError: One is missing.
    """
    if context.settings.engine == "given":
        GivenMatte(context)


def run(context: StageContext) -> None:
    """Make `matte/` for the pending frames, and `despilled/` where the engine takes a screen's colour out.

    Raises:
        InputError: The engine asked for cannot work on this clip.
    """
    settings: MatteSettings = context.settings
    pending = context.pending()
    if not pending:
        return
    engine_name, why = settings.engine, "asked for"
    if engine_name == "auto":
        engine_name, why = choose(context, load_landmarks_or_none(context))
        context.note(f"auto picked {engine_name}: {why}")
    engine = open_engine(engine_name, context)
    despills = isinstance(engine, ChromaMatte) and settings.despill > 0
    context.record(engine=engine_name, why=why, picture="despilled" if despills else "frames")
    for done, frame in enumerate(pending):
        context.step("cutting out", done, len(pending))
        matte = engine.matte(frame)
        if isinstance(engine, ChromaMatte) and despills:
            context.write_rgb("despilled", frame, engine.despilled(frame, matte), context.footage.bits)
        context.write_grey("matte", frame, finish(matte, settings))
    context.step("cutting out", len(pending), len(pending))


def open_engine(name: str, context: StageContext) -> MatteEngine:
    """An engine ready for this clip; raises what makes it impossible."""
    if name == "person":
        return PersonMatte(context, load_landmarks_or_none(context))
    if name == "chroma":
        return ChromaMatte(context)
    if name == "plate":
        return PlateMatte(context)
    if name == "motion":
        return MotionMatte(context)
    if name == "alpha":
        return AlphaMatte(context)
    if name == "given":
        return GivenMatte(context)
    return WholeMatte(context)
