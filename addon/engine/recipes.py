# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs that are each made from something of their own: what stays finished when a part of it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .cache import digest
from .schema.base import Recipe

Recipes = Mapping[str, Recipe]


def stamps(recipes: Recipes, values: Mapping[str, Any], identity_of: Callable[[str], str]) -> dict[str, str]:
    """A fingerprint for every output.

    Args:
        recipes: By output; outputs that are made from others come after them.
        values: The stage's settings.
        identity_of: Identity of a file relative to the shot.
    """
    found: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, recipe in recipes.items():
        for path in recipe.files:
            if path not in known:
                known[path] = identity_of(path)
        found[name] = digest([
            recipe.version,
            {key: values[key] for key in recipe.settings},
            dict(recipe.identity),
            [(path, known[path]) for path in recipe.files],
            [(other, found[other]) for other in recipe.outputs],
        ])
    return found


def wanted(recipes: Recipes) -> dict[str, Recipe]:
    """Those the settings ask for."""
    return {name: recipe for name, recipe in recipes.items() if recipe.is_wanted}


def parts(recipes: Recipes, values: Mapping[str, Any], identity_of: Callable[[str], str]) -> dict[str, Any]:
    """Parts of a stage's fingerprint that the recipes of its wanted outputs tell."""
    asked = wanted(recipes)
    settings = {key for recipe in asked.values() for key in recipe.settings}
    sources = {path for recipe in asked.values() for path in recipe.files}
    return {
        "settings": {key: values[key] for key in sorted(settings)},
        "identity": {key: value for recipe in asked.values() for key, value in recipe.identity},
        "sources": {path: identity_of(path) for path in sorted(sources)},
        "recipes": stamps(asked, values, identity_of),
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """The first difference of two fingerprints' recipes in words; empty when there is none."""
    before, now = old.get("sources", {}), new.get("sources", {})
    for path in sorted({*before} & {*now}):
        if before[path] != now[path]:
            return f"{path} was made anew or changed"
    before, now = old.get("recipes", {}), new.get("recipes", {})
    for name in (name for name in now if name not in before):
        return f"{name} is not made yet"
    for name in (name for name in before if name not in now):
        return f"{name} is not needed any more"
    return "" if before == now else "it is made differently now"
