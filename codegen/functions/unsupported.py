"""Constructs that the vocabulary lacks; the engine reports them in Spark's words."""

from __future__ import annotations


class Unsupported(NotImplementedError):
    """The message names the construct, e.g. "a cast from DATE to BINARY"."""
