"""Substitution parameters of the 22 queries: validation values, and random ones by the
specification's rules (TPC-H 3.0, clause 2.4).

queries/qNN.sql is written with the validation values, so that it runs anywhere as it stands;
`sql(n, values)` gives the same text with others.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

Parameters: TypeAlias = Mapping[str, Any]

QUERIES = tuple(range(1, 23))
FOLDER = Path(__file__).with_name("queries")

VALIDATION: dict[int, Parameters] = {
    1: {"delta": 90},
    2: {"size": 15, "type": "BRASS", "region": "EUROPE"},
    3: {"segment": "BUILDING", "date": datetime.date(1995, 3, 15)},
    4: {"date": datetime.date(1993, 7, 1)},
    5: {"region": "ASIA", "date": datetime.date(1994, 1, 1)},
    6: {"date": datetime.date(1994, 1, 1), "discount": Decimal("0.06"), "quantity": 24},
    7: {"nation1": "FRANCE", "nation2": "GERMANY"},
    8: {"nation": "BRAZIL", "region": "AMERICA", "type": "ECONOMY ANODIZED STEEL"},
    9: {"color": "green"},
    10: {"date": datetime.date(1993, 10, 1)},
    11: {"nation": "GERMANY", "fraction": Decimal("0.0001")},
    12: {"mode1": "MAIL", "mode2": "SHIP", "date": datetime.date(1994, 1, 1)},
    13: {"word1": "special", "word2": "requests"},
    14: {"date": datetime.date(1995, 9, 1)},
    15: {"date": datetime.date(1996, 1, 1)},
    16: {"brand": "Brand#45", "type": "MEDIUM POLISHED", "sizes": (49, 14, 23, 45, 19, 3, 36, 9)},
    17: {"brand": "Brand#23", "container": "MED BOX"},
    18: {"quantity": 300},
    19: {
        "brand1": "Brand#12", "brand2": "Brand#23", "brand3": "Brand#34",
        "quantity1": 1, "quantity2": 10, "quantity3": 20,
    },
    20: {"color": "forest", "date": datetime.date(1994, 1, 1), "nation": "CANADA"},
    21: {"nation": "SAUDI ARABIA"},
    22: {"codes": ("13", "31", "23", "29", "30", "18", "17")},
}  # fmt: skip

# How each value stands in the text: "@" is the place of the value itself.
SPELLING: dict[tuple[int, str], tuple[str, ...]] = {
    (1, "delta"): ("interval '@' day",),
    (2, "size"): ("p_size = @",),
    (2, "type"): ("'%@'",),
    (6, "quantity"): ("l_quantity < @",),
    (9, "color"): ("'%@%'",),
    (13, "word1"): ("'%@%",),
    (13, "word2"): ("%@%'",),
    (16, "type"): ("'@%'",),
    (16, "sizes"): ("(@)",),
    (18, "quantity"): ("> @",),
    (19, "quantity1"): ("l_quantity >= @", "l_quantity <= @ +"),
    (19, "quantity2"): ("l_quantity >= @", "l_quantity <= @ +"),
    (19, "quantity3"): ("l_quantity >= @", "l_quantity <= @ +"),
    (20, "color"): ("'@%'",),
    (22, "codes"): ("(@)",),
}

NATIONS = {
    "ALGERIA": "AFRICA", "ARGENTINA": "AMERICA", "BRAZIL": "AMERICA", "CANADA": "AMERICA",
    "EGYPT": "MIDDLE EAST", "ETHIOPIA": "AFRICA", "FRANCE": "EUROPE", "GERMANY": "EUROPE",
    "INDIA": "ASIA", "INDONESIA": "ASIA", "IRAN": "MIDDLE EAST", "IRAQ": "MIDDLE EAST",
    "JAPAN": "ASIA", "JORDAN": "MIDDLE EAST", "KENYA": "AFRICA", "MOROCCO": "AFRICA",
    "MOZAMBIQUE": "AFRICA", "PERU": "AMERICA", "CHINA": "ASIA", "ROMANIA": "EUROPE",
    "SAUDI ARABIA": "MIDDLE EAST", "VIETNAM": "ASIA", "RUSSIA": "EUROPE",
    "UNITED KINGDOM": "EUROPE", "UNITED STATES": "AMERICA",
}  # fmt: skip
REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
SEGMENTS = ("AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD")
MODES = ("REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB")
TYPES = (
    ("STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"),
    ("ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"),
    ("TIN", "NICKEL", "BRASS", "STEEL", "COPPER"),
)
CONTAINERS = (
    ("SM", "LG", "MED", "JUMBO", "WRAP"),
    ("CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"),
)
COLORS = (
    "almond", "azure", "blue", "chiffon", "cornsilk", "forest", "green", "ivory", "lemon",
    "magenta", "navajo", "olive", "plum", "red", "sienna", "tan", "wheat", "yellow",
)  # fmt: skip


def sql(query: int, values: Parameters | None = None) -> str:
    """The text of a query with these values in place of the validation values."""
    text = (FOLDER / f"q{query:02}.sql").read_text()
    if values is None or values == VALIDATION[query]:
        return text
    replacements = {}
    for name, validation in VALIDATION[query].items():
        for spelling in SPELLING.get((query, name), ("'@'" if quoted(validation) else "@",)):
            old, new = (spelling.replace("@", written(v)) for v in (validation, values[name]))
            assert old in text, f"Q{query} does not say {old}"
            replacements[old] = new
    pattern = "|".join(rf"{re.escape(old)}(?![0-9])" for old in replacements)
    return re.sub(pattern, lambda match: replacements[match.group()], text)


def quoted(value: object) -> bool:
    return isinstance(value, (str, datetime.date))


def written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"'{v}'" if quoted(v) else str(v) for v in value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def draw(query: int, scale: float, seed: int) -> Parameters:
    """Random values by the specification's rule for this query."""
    r = random.Random(f"{query}:{seed}")
    match query:
        case 1:
            return {"delta": r.randint(60, 120)}
        case 2:
            return {
                "size": r.randint(1, 50),
                "type": r.choice(TYPES[2]),
                "region": r.choice(REGIONS),
            }
        case 3:
            return {"segment": r.choice(SEGMENTS), "date": datetime.date(1995, 3, r.randint(1, 31))}
        case 4:
            return {"date": month(r, 1993, 1, 1997, 10)}
        case 5:
            return {"region": r.choice(REGIONS), "date": datetime.date(r.randint(1993, 1997), 1, 1)}
        case 6:
            return {
                "date": datetime.date(r.randint(1993, 1997), 1, 1),
                "discount": Decimal(r.randint(2, 9)).scaleb(-2),
                "quantity": r.randint(24, 25),
            }
        case 7:
            first, second = r.sample(list(NATIONS), 2)
            return {"nation1": first, "nation2": second}
        case 8:
            nation = r.choice(list(NATIONS))
            kind = " ".join(r.choice(part) for part in TYPES)
            return {"nation": nation, "region": NATIONS[nation], "type": kind}
        case 9:
            return {"color": r.choice(COLORS)}
        case 10:
            return {"date": month(r, 1993, 2, 1995, 1)}
        case 11:
            fraction = Decimal("0.0001") / Decimal(str(scale))
            return {"nation": r.choice(list(NATIONS)), "fraction": fraction}
        case 12:
            mode1, mode2 = r.sample(MODES, 2)
            year = datetime.date(r.randint(1993, 1997), 1, 1)
            return {"mode1": mode1, "mode2": mode2, "date": year}
        case 13:
            return {
                "word1": r.choice(("special", "pending", "unusual", "express")),
                "word2": r.choice(("packages", "requests", "accounts", "deposits")),
            }
        case 14:
            return {"date": month(r, 1993, 1, 1997, 12)}
        case 15:
            return {"date": month(r, 1993, 1, 1997, 10)}
        case 16:
            kind = " ".join(r.choice(part) for part in TYPES[:2])
            return {"brand": brand(r), "type": kind, "sizes": tuple(r.sample(range(1, 51), 8))}
        case 17:
            return {"brand": brand(r), "container": " ".join(r.choice(p) for p in CONTAINERS)}
        case 18:
            return {"quantity": r.randint(312, 315) if scale >= 1 else r.randint(250, 270)}
        case 19:
            return {
                **{f"brand{i}": brand(r) for i in (1, 2, 3)},
                "quantity1": r.randint(1, 10),
                "quantity2": r.randint(10, 20),
                "quantity3": r.randint(20, 30),
            }
        case 20:
            year = datetime.date(r.randint(1993, 1997), 1, 1)
            return {"color": r.choice(COLORS), "date": year, "nation": r.choice(list(NATIONS))}
        case 21:
            return {"nation": r.choice(list(NATIONS))}
        case 22:
            return {"codes": tuple(str(c) for c in r.sample(range(10, 35), 7))}
        case _:
            raise ValueError(f"TPC-H has no query {query}")


def month(r: random.Random, year: int, first: int, last_year: int, last: int) -> datetime.date:
    """The first day of a random month between two months, both included."""
    count = (last_year - year) * 12 + last - first
    year, index = divmod(year * 12 + first - 1 + r.randint(0, count), 12)
    return datetime.date(year, index + 1, 1)


def brand(r: random.Random) -> str:
    return f"Brand#{r.randint(1, 5)}{r.randint(1, 5)}"
