"""What the code generator cannot do, by the name a user knows it by."""

from __future__ import annotations


class Unsupported(NotImplementedError):
    """`construct` is not compiled; the engine turns this into the user's error."""

    def __init__(self, construct: str) -> None:
        super().__init__(construct)
        self.construct = construct
