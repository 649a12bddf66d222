"""Hash joins of every kind.

Build rows lie in a buffer; a directory of row numbers leads to them, chained through the rows'
headers where keys repeat. A dense integer key is the directory's index itself; then rows enter it
as they are appended. Otherwise a second pass enters them by hash, all workers at once. Where only
the existence of a dense key matters, a byte per key is all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflare.codegen.ir.operators import HashJoin
from pyflare.codegen.operators.join_table import MARKED, JoinTable
from pyflare.codegen.operators.probe import probe

if TYPE_CHECKING:
    from pyflare.codegen.operators.builder import Builder
    from pyflare.codegen.operators.types import Emit, Produce


def hash_join(op: HashJoin, builder: Builder, emit: Emit, produce: Produce) -> None:
    table = JoinTable(op, builder)
    produce(op.build, builder, table.insert)
    table.index()
    produce(op.probe, builder, lambda row: probe(table, row, emit))
    if op.kind in MARKED:
        table.rest(emit)
