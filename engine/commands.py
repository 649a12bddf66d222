"""Commands: what changes the session or the disk, and answers with a small table."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pyflare.engine import listings
from pyflare.engine.analyze.functions import BUILTINS
from pyflare.engine.catalog import check_database, check_not_recursive, matches, missing
from pyflare.engine.deep import deep
from pyflare.engine.errors import routine_not_found, table_not_found, unsupported
from pyflare.engine.listings import nothing, strings
from pyflare.engine.plan import syntax as s
from pyflare.engine.snapshot import frozen
from pyflare.engine.storage.files import local_path

if TYPE_CHECKING:
    import pyarrow as pa

    from pyflare.engine.session import Session


def run(session: Session, command: s.Command, late: bool) -> pa.Table:
    """The result that spark.sql(command) shows; commands of the DataFrame API ignore it."""
    match command:
        case s.CreateView():
            return _create_view(session, command, late)
        case s.DropView(name, if_exists):
            return _drop(session, name, if_exists)
        case s.Write():
            from pyflare.engine.storage.write import write

            try:
                write(command, session)
            finally:  # an error may come after some files have changed
                session.results.refresh(lambda source: _written(command, source))
            return nothing()
        case s.SetConfig():
            return _set(session, command)
        case s.ExplainQuery(child, mode):
            return strings(["plan"], [(session.query(child).explain(mode),)])
        case s.CacheTable():
            return _cache(session, command)
        case s.Show():
            return _show(session, command)
        case s.RegisterFunction(function):
            session.functions[function.name.lower()] = function
            return nothing()
        case s.Checkpoint(child):
            return strings(["key"], [(checkpoint(session, child),)])
        case s.DropCheckpoint(key):
            session.results.drop_checkpoint(key)
            return nothing()
        case _:
            assert_never(command)


def _written(command: s.Write, source: s.DataSource | s.NamedTable) -> bool:
    """Whether a read of `source` may see what `command` wrote."""
    if isinstance(source, s.NamedTable) or command.path is None:
        return True
    target = local_path(command.path)
    return any(
        path.startswith(target) or target.startswith(path.rstrip("*/"))
        for path in map(local_path, source.paths)
    )


def checkpoint(session: Session, child: s.Relation) -> str:
    """Runs `child` and keeps its rows; the key by which a Cached node finds them."""
    from pyflare.engine.session import keep_rows

    return session.results.checkpoint(keep_rows("Checkpoint", session.query(child, action=True)))


def _create_view(session: Session, command: s.CreateView, late: bool) -> pa.Table:
    tree = command.child
    if late:
        check_not_recursive(command.name, tree, session.lookup_table)
    else:
        tree = deep(lambda: session.inlined(command.child))
    if command.columns:
        tree = s.ToDataFrame(tree, command.columns)
    session.query(tree).schema  # noqa: B018 - a view that cannot be analysed is refused here
    session.catalog.create_view(command.name, frozen(tree), command.replace, command.is_global)
    return nothing()


def _drop(session: Session, name: tuple[str, ...], if_exists: bool) -> pa.Table:
    if session.catalog.drop_view(name):
        return nothing()
    saved = session.catalog.drop_table(name)
    if saved is not None:
        from pyflare.engine.storage.write import remove_folder

        session.results.refresh(lambda _: True)
        remove_folder(saved.path)
    elif not if_exists:
        raise missing(name)
    return nothing()


def _set(session: Session, command: s.SetConfig) -> pa.Table:
    names = ["key", "value"]
    config = session.config
    if command.reset:
        if command.key is None:
            config.reset()
        else:
            config.unset(command.key)
        return nothing()
    if command.key is None:
        return strings(names, list(config.items()))
    if command.key == "-v":
        return strings(names, list(config.everything()))
    if command.value is None:
        return strings(names, [(command.key, config.find(command.key) or "<undefined>")])
    config.set(command.key, command.value)
    return strings(names, [(command.key, command.value)])


def _cache(session: Session, command: s.CacheTable) -> pa.Table:
    name = command.name
    if name is None:
        session.results.clear()
        return nothing()
    if command.child is not None:
        session.run(s.CreateView(name, command.child, replace=False), late=True)
    if not session.catalog.knows(name):
        if command.if_exists:
            return nothing()
        raise table_not_found(name)
    if command.uncache:
        session.unpersist(s.NamedTable(name))
        return nothing()
    kept = session.persist(s.NamedTable(name), None)
    if not command.lazy:
        session.materialise(kept)
    return nothing()


def _show(session: Session, command: s.Show) -> pa.Table:
    name, pattern = command.name, command.pattern
    match command.what.lower():
        case "tables" | "views" as what:
            if name is not None:
                check_database(name)
            views = [("", view, True) for view in session.catalog.views(pattern)]
            saved = [("default", t.name, False) for t in session.catalog.tables(pattern)]
            rows = views if what == "views" else [*saved, *views]
            second = "viewName" if what == "views" else "tableName"
            return _flagged(["namespace", second, "isTemporary"], rows)
        case "databases" | "schemas" | "namespaces":
            return strings(["namespace"], [("default",)] if matches("default", pattern) else [])
        case "use" if name is not None:
            check_database(name)
            return nothing()
        case "catalogs":
            return strings(["catalog"], [("spark_catalog",)])
        case "columns" if name is not None:
            columns = listings.columns_of(session, name)
            return strings(["col_name"], [(column,) for column, _, _ in columns])
        case "describe" if name is not None:
            columns = listings.columns_of(session, name)
            return described([(column, kind) for column, kind, _ in columns])
        case "functions" | "all functions" | "system functions" | "user functions" as what:
            names = listings.function_names(session, pattern)
            if what in ("system functions", "user functions"):
                mine = what == "user functions"
                names = [n for n in names if (n in session.functions) is mine]
            return strings(["function"], [(n,) for n in names])
        case "refresh":
            if name is not None and not session.catalog.knows(name):
                raise table_not_found(name)
            session.results.refresh(lambda _: True)
            return nothing()
        case "describe function" | "function" if name is not None:
            if name[-1].lower() not in {*BUILTINS, *session.functions}:
                raise routine_not_found(name)
            return strings(["function_desc"], [(f"Function: {name[-1].lower()}",)])
        case what:
            raise unsupported(f"SHOW {what.upper()}")


def described(columns: list[tuple[str, str]]) -> pa.Table:
    """DESCRIBE's table."""
    rows = [(name, kind, None) for name, kind in columns]
    return strings(["col_name", "data_type", "comment"], rows)


def _flagged(names: list[str], rows: list[tuple[str, str, bool]]) -> pa.Table:
    import pyarrow as pa

    return listings.table(names, [pa.string(), pa.string(), pa.bool_()], rows)
