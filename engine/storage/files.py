"""Which files a path means: folders, globs, hidden files, Hive partitions."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlparse

from pyflare.engine.errors import analysis_error, runtime_error, unsupported

_MAGIC = re.compile(r"[*?\[{]")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file, its identity, and the Hive partition values that its folders spell."""

    path: str
    size: int
    mtime: int
    partitions: tuple[tuple[str, str | None], ...] = ()

    @property
    def uri(self) -> str:
        """The file as Spark names it in messages."""
        return "file://" + self.path


def list_files(paths: Sequence[str], options: Mapping[str, str]) -> list[DataFile]:
    """The data files under `paths`, in path order; PATH_NOT_FOUND if a path names nothing."""
    options = {name.lower(): value for name, value in options.items()}
    recursive = options.get("recursivefilelookup", "false").lower() == "true"
    name_filter = options.get("pathglobfilter")
    base = options.get("basepath")
    files: list[DataFile] = []
    roots: set[str] = set()
    for root in (found for path in paths for found in _expand(local_path(path))):
        at_root = os.stat(root)
        is_folder = stat.S_ISDIR(at_root.st_mode)
        start = root if is_folder else os.path.dirname(root)
        start = local_path(base) if base else start
        for path in _walk(root, recursive) if is_folder else [root]:
            if name_filter and not fnmatch.fnmatchcase(os.path.basename(path), name_filter):
                continue
            status = os.stat(path) if is_folder else at_root
            partitions = () if recursive else _partitions(path, start)
            if partitions:
                roots.add(start)
            files.append(DataFile(path, status.st_size, status.st_mtime_ns, partitions))
    if len(roots) > 1:
        listed = "\n\t".join(f"file:{root}" for root in sorted(roots))
        raise runtime_error(
            "CONFLICTING_DIRECTORY_STRUCTURES", {"discoveredBasePaths": f"\n\t{listed}\n"}
        )
    return files


def local_path(path: str) -> str:
    """An absolute path of this machine; a URI must have the scheme file."""
    if re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]+:", path):
        url = urlparse(path)
        if url.scheme != "file":
            raise unsupported(f"a path with the scheme {url.scheme}: {path}", "copy it here first")
        path = url.path
    return os.path.abspath(os.path.expanduser(path) if path.startswith("~") else path)


def _expand(path: str) -> list[str]:
    if os.path.exists(path):
        return [path]
    found: set[str] = set()
    if _MAGIC.search(path):
        for pattern in _braces(path):
            found.update(p for p in glob.glob(_translate(pattern)) if not _hidden(p))
    if not found:
        raise analysis_error("PATH_NOT_FOUND", {"path": f"file:{path}"})
    return sorted(found)


def _translate(pattern: str) -> str:
    return pattern.replace("[^", "[!")


def _braces(pattern: str) -> list[str]:
    """{a,b} alternatives, as Hadoop's globs have them."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return [pattern]
    head, tail = pattern[: match.start()], pattern[match.end() :]
    return [
        expanded
        for choice in match.group(1).split(",")
        for expanded in _braces(head + choice + tail)
    ]


def _hidden(path: str) -> bool:
    """Spark skips names that begin with _ or ., except partition folders like _x=1."""
    name = os.path.basename(path)
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _walk(root: str, recursive: bool) -> Iterable[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(f for f in folders if not _hidden(f) and (recursive or "=" in f))
        found.extend(os.path.join(folder, name) for name in sorted(names) if not _hidden(name))
    return found


def _partitions(file: str, start: str) -> tuple[tuple[str, str | None], ...]:
    """name=value folders between the path that was asked for and the file."""
    home = os.path.dirname(file)
    if home == start:
        return ()
    inside = os.path.relpath(home, start)
    pairs = []
    for folder in inside.split(os.sep):
        name, equals, value = folder.partition("=")
        if equals and name:
            text = unquote(value)
            pairs.append((unquote(name), None if text == "__HIVE_DEFAULT_PARTITION__" else text))
    return tuple(pairs)
