"""Did you mean …: Spark's proposals for a name that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST = 5


def quoted(parts: Iterable[str]) -> str:
    """Spark's way to name things in messages: each part in backticks.

    >>> quoted(["a", "b`c"])
    '`a`.`b``c`'
    """
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def proposals(name: Sequence[str], candidates: Iterable[Sequence[str]]) -> str:
    """At most five candidates, nearest first, without a qualifier that all of them share.

    >>> proposals(["idd"], [["t", "value"], ["t", "id"]])
    '`id`, `value`'
    """
    known = [tuple(c) for c in candidates]
    for keep in (1, 2):
        if len(name) <= keep and len({c[:-keep] for c in known}) == 1:
            known = [c[-keep:] for c in known]
            break
    base = ".".join(name)
    ordered = sorted((quoted(c) for c in known), key=lambda text: distance(text, base))
    return ", ".join(ordered[:_MOST])


def distance(left: str, right: str) -> int:
    """Levenshtein's: single-character insertions, deletions and substitutions.

    >>> distance("kitten", "sitting")
    3
    """
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
