"""Random SQL over the small tables of the rules: joins, subqueries, groups, set operations."""

from __future__ import annotations

import random

TABLES = {"r": "ab", "s": "cd", "t": "ef", "n": "kv", "e": "gh"}


class Generator:
    """Makes one query; every choice comes from `draw`."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.aliases = 0

    def query(self) -> str:
        if self.draw.random() < 0.15:
            word = self.draw.choice(["union all", "union", "intersect", "except"])
            return f"{self.block([], 1)} {word} {self.block([], 1)}"
        return self.block([], None)

    def block(self, outer: list[str], width: int | None, depth: int = 0) -> str:
        """SELECT … FROM … WHERE … [GROUP BY …], of `width` columns if that is asked."""
        source, columns = self.source(outer, depth)
        where = f" where {self.predicate(columns, outer, depth)}" if self.chance(0.7) else ""
        if self.chance(0.3):
            return self.grouped(source + where, columns, outer, width, depth)
        count = width or self.draw.randint(1, 3)
        items = [self.value(columns, outer, depth, self.chance(0.15)) for _ in range(count)]
        named = ", ".join(f"{item} as x{i}" for i, item in enumerate(items))
        distinct = "distinct " if self.chance(0.1) else ""
        return f"select {distinct}{named} from {source}{where}"

    def grouped(
        self, source: str, columns: list[str], outer: list[str], width: int | None, depth: int
    ) -> str:
        keys = self.draw.sample(columns, self.draw.randint(0, min(2, len(columns))))
        calls = [self.aggregate(columns) for _ in range(self.draw.randint(1, 2))]
        items = [*keys, *calls] if width is None else [(calls + keys)[0]] * width
        named = ", ".join(f"{item} as x{i}" for i, item in enumerate(items))
        by = f" group by {', '.join(keys)}" if keys else ""
        having = (
            f" having {self.aggregate(columns)} > {self.constant()}" if self.chance(0.3) else ""
        )
        return f"select {named} from {source}{by}{having}"

    def aggregate(self, columns: list[str]) -> str:
        column = self.draw.choice(columns)
        return self.draw.choice(
            [
                "count(*)",
                f"count({column})",
                f"sum({column})",
                f"min({column})",
                f"max({column})",
                f"count(distinct {column})",
                f"sum({column}) filter (where {self.draw.choice(columns)} > 1)",
            ]
        )

    def source(self, outer: list[str], depth: int) -> tuple[str, list[str]]:
        text, columns = self.relation(depth)
        for _ in range(self.draw.choice([0, 0, 1, 1, 2])):
            other, more = self.relation(depth)
            kind = self.draw.choice(["join", "join", "left join", "right join", "full join", ","])
            if kind == ",":
                text, columns = f"{text} cross join {other}", columns + more
                continue
            on = f"{self.draw.choice(columns)} = {self.draw.choice(more)}"
            if self.chance(0.3):
                on += f" and {self.compare(columns + more, [])}"
            text, columns = f"{text} {kind} {other} on {on}", columns + more
        return text, columns

    def relation(self, depth: int) -> tuple[str, list[str]]:
        self.aliases += 1
        alias = f"q{self.aliases}"
        if depth < 1 and self.chance(0.15):
            return f"({self.block([], 2, depth + 1)}) {alias}", [f"{alias}.x0", f"{alias}.x1"]
        name = self.draw.choice(list(TABLES))
        return f"{name} {alias}", [f"{alias}.{c}" for c in TABLES[name]]

    def predicate(self, columns: list[str], outer: list[str], depth: int) -> str:
        parts = [self.condition(columns, outer, depth) for _ in range(self.draw.randint(1, 3))]
        word = self.draw.choice([" and ", " and ", " or "])
        return word.join(parts)

    def condition(self, columns: list[str], outer: list[str], depth: int) -> str:
        if depth < 2 and self.chance(0.4):
            inner = outer + columns
            negation = "not " if self.chance(0.4) else ""
            match self.draw.randint(0, 2):
                case 0:
                    return f"{negation}exists ({self.block(inner, 1, depth + 1)})"
                case 1:
                    asked = self.draw.choice(columns)
                    return f"{asked} {negation}in ({self.block(inner, 1, depth + 1)})"
                case _:
                    return (
                        f"{self.draw.choice(columns)} {self.operator()} {self.scalar(inner, depth)}"
                    )
        if outer and self.chance(0.6):
            return f"{self.draw.choice(columns)} {self.operator()} {self.draw.choice(outer)}"
        if self.chance(0.15):
            column = self.draw.choice(columns)
            return self.draw.choice([f"{column} is null", f"{column} is not null"])
        return self.compare(columns, outer)

    def scalar(self, outer: list[str], depth: int) -> str:
        """A subquery that is one row whatever the data."""
        source, columns = self.source(outer, depth + 1)
        tied = f" where {self.predicate(columns, outer, depth + 1)}" if self.chance(0.8) else ""
        return f"(select {self.aggregate(columns)} from {source}{tied})"

    def value(self, columns: list[str], outer: list[str], depth: int, subquery: bool) -> str:
        column = self.draw.choice(columns)
        if subquery and depth < 2:
            return self.scalar(outer + columns, depth)
        return self.draw.choice(
            [
                column,
                column,
                f"coalesce({column}, 7)",
                f"case when {self.compare(columns, [])} then {column} end",
                f"{self.constant()}",
            ]
        )

    def compare(self, columns: list[str], outer: list[str]) -> str:
        left = self.draw.choice(columns)
        right = self.draw.choice([self.constant(), self.draw.choice(columns + outer)])
        return f"{left} {self.operator()} {right}"

    def operator(self) -> str:
        return self.draw.choice(["=", "=", "=", "<", ">", "<>", "<="])

    def constant(self) -> str:
        return str(self.draw.choice([0, 1, 2, 3, 10, 20]))

    def chance(self, part: float) -> bool:
        return self.draw.random() < part
