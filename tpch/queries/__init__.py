"""The 22 queries as DataFrame code, in the order of the specification; qNN.sql beside each."""

from __future__ import annotations

from pyflare.tpch.queries.q01 import q01
from pyflare.tpch.queries.q02 import q02
from pyflare.tpch.queries.q03 import q03
from pyflare.tpch.queries.q04 import q04
from pyflare.tpch.queries.q05 import q05
from pyflare.tpch.queries.q06 import q06
from pyflare.tpch.queries.q07 import q07
from pyflare.tpch.queries.q08 import q08
from pyflare.tpch.queries.q09 import q09
from pyflare.tpch.queries.q10 import q10
from pyflare.tpch.queries.q11 import q11
from pyflare.tpch.queries.q12 import q12
from pyflare.tpch.queries.q13 import q13
from pyflare.tpch.queries.q14 import q14
from pyflare.tpch.queries.q15 import q15
from pyflare.tpch.queries.q16 import q16
from pyflare.tpch.queries.q17 import q17
from pyflare.tpch.queries.q18 import q18
from pyflare.tpch.queries.q19 import q19
from pyflare.tpch.queries.q20 import q20
from pyflare.tpch.queries.q21 import q21
from pyflare.tpch.queries.q22 import q22

DATAFRAMES = {
    1: q01,
    2: q02,
    3: q03,
    4: q04,
    5: q05,
    6: q06,
    7: q07,
    8: q08,
    9: q09,
    10: q10,
    11: q11,
    12: q12,
    13: q13,
    14: q14,
    15: q15,
    16: q16,
    17: q17,
    18: q18,
    19: q19,
    20: q20,
    21: q21,
    22: q22,
}
