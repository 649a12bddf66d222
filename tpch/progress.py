"""A progress bar on standard error when it is a terminal, a line per step when it is not."""

from __future__ import annotations

import sys
import time

WIDTH = 30


class Bar:
    """`bar(share, what)` shows how far the task `title` is."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.start = time.monotonic()

    def __call__(self, share: float, what: str) -> None:
        seconds = time.monotonic() - self.start
        if sys.stderr.isatty():
            filled = round(share * WIDTH)
            bar = "█" * filled + "░" * (WIDTH - filled)
            end = "\n" if share >= 1 else ""
            print(f"\r{self.title} {bar} {share:4.0%} {what:<12} {seconds:5.1f} s",
                  end=end, file=sys.stderr, flush=True)  # fmt: skip
        else:
            print(
                f"{self.title}: {share:4.0%} {what} ({seconds:.1f} s)", file=sys.stderr, flush=True
            )
