"""."""
from pyflare.engine.analyze.functions.signature import Table

TABLE: Table = {}
