"""pyflare tpch generate | run, and pyflare demo."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from pyflare.tpch.bench import as_json, run_all, table
from pyflare.tpch.data import generate
from pyflare.tpch.parameters import QUERIES
from pyflare.tpch.progress import Bar
from pyflare.tpch.systems import PEERS, PyFlare


def add_commands(commands: Any) -> None:
    """Adds `tpch` and `demo` to the subparsers of the pyflare command."""
    tpch = commands.add_parser("tpch", help="the TPC-H benchmark").add_subparsers(required=True)
    make = tpch.add_parser("generate", help="write the eight tables as Parquet")
    make.add_argument("--sf", type=float, default=1.0, help="scale factor (1 is about 1 GB)")
    make.add_argument("--out", type=Path, required=True, help="folder for the files")
    make.set_defaults(main=generate_command)
    run = tpch.add_parser("run", help="run queries, beside peers, and compare answers")
    run.add_argument("--data", type=Path, required=True, help="folder of `tpch generate`")
    run.add_argument("--queries", type=query_list, default=QUERIES, help="e.g. 1,6 (default: all)")
    run.add_argument("--peers", type=peer_list, default=(), help="duckdb,spark")
    run.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    run.add_argument("--runs", type=int, default=5, help="counted runs of each query")
    run.add_argument("--mode", choices=("memory", "parquet"), default="memory")
    run.add_argument(
        "--schema",
        choices=("decimals", "doubles"),
        default="decimals",
        help="doubles: all decimals as double, as in Flare's experiments",
    )
    run.add_argument("--json", type=Path, help="also write the figures to this file")
    run.set_defaults(main=run_command)
    demo = commands.add_parser("demo", help="the main job, from nothing")
    demo.add_argument("--data", type=Path, default=Path("data"), help="folder for the data")
    demo.add_argument("--sf", type=float, default=1.0)
    demo.set_defaults(main=demo_command)


def query_list(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if not set(numbers) <= set(QUERIES):
        raise argparse.ArgumentTypeError("queries are numbers from 1 to 22")
    return numbers


def peer_list(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not set(names) <= PEERS.keys():
        raise argparse.ArgumentTypeError(f"peers are {', '.join(PEERS)}")
    return names


def generate_command(arguments: argparse.Namespace) -> int:
    generate(arguments.sf, arguments.out, Bar(f"TPC-H SF {arguments.sf:g}"))
    return 0


def run_command(arguments: argparse.Namespace) -> int:
    """Prints the table; exit status 1 when an answer differs from a peer's."""
    memory = arguments.mode == "memory"
    doubles = arguments.schema == "doubles"
    loaded = (arguments.data, arguments.threads, memory, doubles)
    peers = [PEERS[name](*loaded) for name in arguments.peers]
    ours = PyFlare(*loaded)
    scale = scale_of(arguments.data)
    bar = Bar("TPC-H")
    lines = run_all(arguments.queries, ours, peers, arguments.runs, scale, bar)
    names = [peer.name for peer in peers]
    print(
        f"TPC-H SF {scale:g}, {arguments.threads} threads, {arguments.schema}, "
        f"tables in {arguments.mode}, medians of {arguments.runs} runs, "
        "parameters change between runs"
    )
    print(table(lines, names))
    wrong = [line for line in lines if line.wrong]
    for line in wrong:
        print(f"Q{line.query} differs: {line.wrong}")
    if arguments.json:
        figures = {
            "scale": scale,
            "threads": arguments.threads,
            "mode": arguments.mode,
            "schema": arguments.schema,
        }
        arguments.json.write_text(json.dumps({**figures, "queries": as_json(lines)}, indent=1))
    for system in (ours, *peers):
        system.close()
    return 1 if wrong else 0


def scale_of(folder: Path) -> float:
    """The scale factor of a data folder, from the number of suppliers (10,000 at SF 1)."""
    import pyarrow.parquet as pq

    rows: int = pq.read_metadata(folder / "supplier.parquet").num_rows
    return rows / 10_000


def demo_command(arguments: argparse.Namespace) -> int:
    from pyflare.tpch.demo import demo

    demo(arguments.data, arguments.sf)
    return 0
