"""The names of a session: temporary views, saved tables, functions; Spark's answers about them."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyflare.codegen.ir.types import Struct
from pyflare.engine.errors import analysis_error
from pyflare.engine.plan import syntax as s
from pyflare.engine.suggest import quoted

CATALOG = "spark_catalog"
DATABASE = "default"
GLOBAL = "global_temp"
Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedTable:
    """A table of saveAsTable: a folder in the warehouse, partition columns last in its schema."""

    name: str
    format: str
    path: Path
    schema: Struct | None = None
    partition_by: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> s.DataSource:
        return s.DataSource(self.format, (str(self.path),), self.schema, self.options)


_global_views: dict[str, s.Relation] = {}
_global_lock = threading.Lock()
_global_changes = [0]


class Catalog:
    """Names are compared without case."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[str, s.Relation]] = {}
        self._tables: dict[str, SavedTable] = {}
        self._lock = threading.Lock()
        self._version = 0

    @property
    def version(self) -> int:
        """Grows with each change, those of the global views included."""
        return self._version + _global_changes[0]

    def copy(self) -> Catalog:
        """An independent catalog with the same names."""
        other = Catalog()
        other._views, other._tables = dict(self._views), dict(self._tables)
        return other

    def view(self, name: Name) -> s.Relation | None:
        """The tree of a temporary view."""
        match [part.lower() for part in name]:
            case [view]:
                found = self._views.get(view)
                return None if found is None else found[1]
            case ["global_temp", view]:
                return _global_views.get(view)
            case _:
                return None

    def table(self, name: Name) -> SavedTable | None:
        """A saved table, by `t`, `default.t` or `spark_catalog.default.t`."""
        lower = [part.lower() for part in name]
        if lower[:-1] in ([], [DATABASE], [CATALOG, DATABASE]):
            return self._tables.get(lower[-1])
        return None

    def knows(self, name: Name) -> bool:
        """Whether a query could read this name."""
        return self.view(name) is not None or self.table(name) is not None

    def create_view(self, name: Name, tree: s.Relation, replace: bool, is_global: bool) -> None:
        """Binds a temporary view; views are never qualified, except by global_temp."""
        simple = name[-1]
        if name[:-1] not in ((), (GLOBAL,)):
            raise analysis_error("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", {"actualName": quoted(name)})
        with self._lock, _global_lock:
            taken = simple.lower() in (_global_views if is_global else self._views)
            if taken and not replace:
                shown = (GLOBAL, simple) if is_global else (simple,)
                parameters = {"relationName": quoted(shown)}
                raise analysis_error("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", parameters)
            if is_global:
                _global_changes[0] += 1
                _global_views[simple.lower()] = tree
            else:
                self._views[simple.lower()] = (simple, tree)
            self._version += 1

    def drop_view(self, name: Name, is_global: bool = False) -> bool:
        """Forgets a temporary view; whether there was one."""
        is_global = is_global or name[:-1] == (GLOBAL,)
        with self._lock, _global_lock:
            self._version += 1
            if is_global:
                _global_changes[0] += 1
                return _global_views.pop(name[-1].lower(), None) is not None
            if len(name) > 1:
                return False
            return self._views.pop(name[-1].lower(), None) is not None

    def add_table(self, table: SavedTable) -> None:
        """A table has been written."""
        with self._lock:
            self._tables[table.name.lower()] = table
            self._version += 1

    def drop_table(self, name: Name) -> SavedTable | None:
        """Forgets a saved table; its files are the caller's business."""
        with self._lock:
            self._version += 1
            found = self.table(name)
            return None if found is None else self._tables.pop(found.name.lower())

    def views(self, pattern: str | None = None) -> Iterator[str]:
        """The names of the temporary views, in order."""
        names = sorted(name for name, _ in self._views.values())
        return (name for name in names if matches(name, pattern))

    def tables(self, pattern: str | None = None) -> Iterator[SavedTable]:
        """The saved tables, in order."""
        held = sorted(self._tables.values(), key=lambda table: table.name)
        return (table for table in held if matches(table.name, pattern))


def matches(name: str, pattern: str | None) -> bool:
    """SHOW … LIKE: `*` for any text, `|` between alternatives, letter case ignored.

    >>> matches("lineitem", "line*|x"), matches("orders", "line*|x")
    (True, False)
    """
    if pattern is None:
        return True
    return any(fnmatch.fnmatchcase(name.lower(), p.strip().lower()) for p in pattern.split("|"))


def check_database(parts: Name) -> None:
    """SCHEMA_NOT_FOUND for anything but `default`, with or without `spark_catalog`."""
    if tuple(part.lower() for part in parts) not in ((DATABASE,), (CATALOG, DATABASE)):
        full = parts if len(parts) > 1 else (CATALOG, *parts)
        raise analysis_error("SCHEMA_NOT_FOUND", {"schemaName": quoted(full)})


def check_not_recursive(name: Name, tree: s.Relation, lookup: Callable[[Name], object]) -> None:
    """RECURSIVE_VIEW when a view would read itself, through other views too."""
    from pyflare.engine.views import nodes

    waiting, seen = [tree], set[str]()
    while waiting:
        for node in nodes(waiting.pop()):
            if not isinstance(node, s.NamedTable):
                continue
            if len(node.parts) == 1 and node.parts[0].lower() == name[-1].lower():
                parameters = {"viewIdent": quoted(name), "newPath": quoted(name)}
                raise analysis_error("RECURSIVE_VIEW", parameters)
            behind = lookup(node.parts)
            key = ".".join(node.parts).lower()
            if isinstance(behind, s.Relation) and key not in seen:
                seen.add(key)
                waiting.append(behind)


def missing(name: Name, searched: str = f"[`{CATALOG}`.`{DATABASE}`]") -> Exception:
    """TABLE_OR_VIEW_NOT_FOUND as DROP raises it, with the full name."""
    full = name if len(name) > 1 else (CATALOG, DATABASE, *name)
    parameters: Mapping[str, str] = {"relationName": quoted(full), "searchPath": searched}
    return analysis_error("TABLE_OR_VIEW_NOT_FOUND", parameters)
