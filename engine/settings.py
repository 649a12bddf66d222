"""The settings of the process: environment variable, call and context manager are one object.

    pyflare.settings(threads=2)              # from here on
    with pyflare.settings(dump="llvm"): …    # inside the block
    PYFLARE_THREADS=2 python script.py       # from the start

threads   PYFLARE_THREADS   threads that run a query (default: the CPUs this process may use)
memory    PYFLARE_MEMORY    budget of the engine's buffers, as 8GB or 512m (default: a share)
dump      PYFLARE_DUMP      comma list of plan, rules, ir, llvm, opt, asm
dump_dir  PYFLARE_DUMP_DIR  folder for numbered dump files (default: standard error)
check     PYFLARE_CHECK     verify plan, IR and module after each step
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import TracebackType

from pyflare.engine.errors import illegal_argument

DUMPS = frozenset({"plan", "rules", "ir", "llvm", "opt", "asm"})
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True, slots=True)
class Values:
    """What is in force. `memory` None leaves the default to engine.storage.memory."""

    threads: int
    memory: int | None = None
    dump: frozenset[str] = frozenset()
    dump_dir: Path | None = None
    check: bool = False


class settings:
    """Changes settings now; as a context manager it puts the former ones back."""

    def __init__(
        self,
        *,
        threads: int | None = None,
        memory: str | int | None = None,
        dump: str | None = None,
        dump_dir: str | os.PathLike[str] | None = None,
        check: bool | None = None,
    ) -> None:
        given = {
            "threads": threads,
            "memory": memory,
            "dump": dump,
            "dump_dir": dump_dir,
            "check": check,
        }
        changes = {k: _parse(k, str(v)) for k, v in given.items() if v is not None}
        with _lock:
            before = current()
            after = replace(before, **changes)  # type: ignore[arg-type]
            # only what this object changed is put back, whatever happened inside the block
            self._undo = {name: getattr(before, name) for name in changes}
            _set(after)

    def __enter__(self) -> Values:
        return current()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _lock:
            _set(replace(current(), **self._undo))

    def __repr__(self) -> str:
        return f"<{current()}>"


def current() -> Values:
    """The settings in force."""
    global _current
    if _current is None:
        with _lock:
            _current = _from_environment()
    return _current


def on_change(apply: Callable[[Values], None]) -> None:
    """`apply` is called now and after each change: pools and budgets follow the settings."""
    with _lock:
        _listeners.append(apply)
        apply(current())


def cpus() -> int:
    """The CPUs this process may use: its affinity, or less where a container has a quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return allowed or 1
    if quota.isdigit():
        return max(1, min(allowed or 1, round(int(quota) / int(period))))
    return allowed or 1


_lock = threading.RLock()
_current: Values | None = None
_listeners: list[Callable[[Values], None]] = []


def _set(values: Values) -> None:
    global _current
    _current = values
    for apply in _listeners:
        apply(values)


def _from_environment() -> Values:
    values = Values(threads=cpus())
    for field in fields(Values):
        text = os.environ.get(f"PYFLARE_{field.name.upper()}")
        if text:
            values = replace(values, **{field.name: _parse(field.name, text)})  # type: ignore[arg-type]
    return values


def _parse(name: str, text: str) -> object:
    match name:
        case "threads":
            if text.isdigit() and int(text) > 0:
                return int(text)
            raise _invalid(name, text, "It should be a positive number.")
        case "memory":
            return parse_bytes(text)
        case "dump":
            wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
            if wanted <= DUMPS:
                return wanted
            unknown = ", ".join(sorted(wanted - DUMPS))
            raise _invalid(name, text, f"{unknown} is not one of {', '.join(sorted(DUMPS))}.")
        case "dump_dir":
            return Path(text)
        case _:
            return text.lower() in ("1", "true", "yes", "on")


def parse_bytes(text: str) -> int:
    """A size as Spark writes it, binary units.

    >>> parse_bytes("8GB") == parse_bytes("8g") == 8 << 30
    True
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text.lower())
    if found is None:
        raise _invalid("memory", text, "It should be a size such as 8GB or 512m.")
    return int(float(found[1]) * _UNITS[found[2]])


def _invalid(name: str, value: str, advice: str) -> Exception:
    parameters = {"confValue": value, "confName": f"pyflare.{name}", "confRequirement": advice}
    return illegal_argument("INVALID_CONF_VALUE.REQUIREMENT", parameters)
