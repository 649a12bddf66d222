"""A folder that changes all at once: rows are staged beside it and moved in at the end.

Readers skip names that begin with `_`, so nobody sees what is staged; after a failure nothing of
it is left.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Commit = Literal["add", "replace", "replace partitions"]


@contextmanager
def staged(path: Path, commit: Commit) -> Iterator[Path]:
    """A temporary folder whose contents are in `path`, with _SUCCESS, once the block ends well."""
    missing = _missing_parents(path)
    inside = path.is_dir()
    token = f"_temporary-{uuid.uuid4().hex}"
    stage = path / token if inside else path.parent / f".{path.name}-{token}"
    try:
        stage.mkdir(parents=True)
        yield stage
        if inside:
            _move_in(stage, path, commit)
        else:
            (stage / "_SUCCESS").touch()
            path.unlink(missing_ok=True)  # a file that is to be overwritten
            stage.rename(path)
    finally:
        if stage.exists():
            shutil.rmtree(stage, ignore_errors=True)
        for parent in missing:
            with suppress(OSError):  # not empty: the folder has been written
                parent.rmdir()


def remove_folder(path: Path) -> None:
    """Deletes a written folder; a missing one is fine."""
    shutil.rmtree(path, ignore_errors=True)


def _missing_parents(path: Path) -> list[Path]:
    missing = []
    for parent in path.parents:
        if parent.exists():
            break
        missing.append(parent)
    return missing


def _move_in(stage: Path, path: Path, commit: Commit) -> None:
    old = stage / "_old"
    old.mkdir()
    if commit == "replace":
        for entry in list(path.iterdir()):
            if entry != stage:
                entry.rename(old / entry.name)
    files = [Path(root) / name for root, _, names in os.walk(stage) for name in names]
    moved = [file for file in files if old not in file.parents]
    if commit == "replace partitions":
        for number, folder in enumerate(sorted({file.parent for file in moved})):
            target = path / folder.relative_to(stage)
            if target.exists() and folder != stage:
                target.rename(old / str(number))
    for file in moved:
        target = path / file.relative_to(stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)
    (path / "_SUCCESS").touch()
