"""The command line: pyflare run, sql, tpch, demo."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    match given[:1]:
        case ["run"]:
            return _run(given[1:])
        case ["sql"]:
            from pyflare.engine.command_line import sql

            return sql(given[1:])
        case ["tpch" | "demo"]:
            return _tpch(given)
        case ["--version"]:
            import pyflare

            print(f"pyflare {pyflare.__version__}")
            return 0
        case _:
            print(_HELP)
            return 0 if given[:1] in (["--help"], ["-h"]) else 2


_HELP = """usage: pyflare COMMAND …

  run SCRIPT [ARGUMENTS]   run a PySpark script on PyFlare, unchanged
  sql "SELECT …"           query files: --table name=path, --format table|csv|json|parquet
  tpch generate|run|…      TPC-H: data, benchmark, profile
  demo                     TPC-H queries and the classifier query, beside DuckDB

pyflare COMMAND --help says more."""


def _run(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("pyflare run", description="Run a PySpark script on PyFlare.")
    parser.add_argument("script", help="path of the script, or -m MODULE before it")
    parser.add_argument("-m", dest="module", action="store_true", help="SCRIPT is a module name")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")
    known = parser.parse_args(arguments)

    import pyflare

    pyflare.activate()
    sys.argv = [known.script, *known.arguments]
    if known.module:
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(known.script, run_name="__main__", alter_sys=True)
    else:
        if not Path(known.script).is_file():
            parser.error(f"{known.script} is not a file")
        sys.path.insert(0, str(Path(known.script).resolve().parent))
        runpy.run_path(known.script, run_name="__main__")
    return 0


def _tpch(arguments: Sequence[str]) -> int:
    from pyflare.tpch.cli import add_commands

    parser = argparse.ArgumentParser("pyflare")
    add_commands(parser.add_subparsers(required=True))
    known = parser.parse_args(arguments)
    status: int = known.main(known)
    return status


if __name__ == "__main__":
    sys.exit(main())
