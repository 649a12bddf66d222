"""All files that enter functions into the registry."""

from __future__ import annotations

from importlib import import_module

AREAS = (
    "arithmetic",
    "lenient",
    "comparison",
    "logic",
    "conditional",
    "membership",
    "strings",
    "letters",
    "texts",
    "like",
    "regular",
    "mathematics",
    "dates",
    "timestamps",
    "patterns_of_time",
    "intervals",
    "hashing",
    "raising",
    "randomness",
)


def load() -> None:
    """Fills the registry; imported by name so that areas may use expression.emit."""
    for area in AREAS:
        import_module(f"pyflare.codegen.functions.{area}")
