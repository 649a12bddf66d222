"""Paths, globs, hidden files and partition folders, as Spark lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyflare.codegen.ir import types as t
from pyflare.engine.storage.files import list_files
from pyflare.engine.storage.partitions import partition_fields
from pyflare.engine.storage.read import read


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Data files, hidden ones, and a folder below that is not a partition."""
    for name in ("a.csv", "b.csv", "_c.csv", ".d.csv", "e.txt", "sub/f.csv", "_x=1/g.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1\n")
    return tmp_path


def names(root: Path, *paths: str, **options: str) -> list[str]:
    """The listed files, relative to the root."""
    listed = list_files([str(root / path) if path else str(root) for path in paths], options)
    return [file.path.removeprefix(f"{root}/") for file in listed]


def test_hidden_files_and_plain_subfolders_are_left_out(tree: Path) -> None:
    """Names that begin with _ or . are skipped, unless they spell a partition."""
    assert names(tree, "") == ["a.csv", "b.csv", "e.txt", "_x=1/g.csv"]


def test_globs_and_options_choose_files(tree: Path) -> None:
    """Stars, braces, pathGlobFilter and recursiveFileLookup, in any letter case."""
    assert names(tree, "*.csv") == ["a.csv", "b.csv"]
    assert names(tree, "{a,e}.*") == ["a.csv", "e.txt"]
    assert names(tree, "[^a].csv") == ["b.csv"]
    assert names(tree, "", pathGlobFilter="a*") == ["a.csv"]
    assert "sub/f.csv" in names(tree, "", recursiveFileLookup="true")
    assert names(tree, "a.csv", "e.txt") == ["a.csv", "e.txt"]


@pytest.mark.parametrize("path", ["nope", "nope*.csv", "sub/x.csv"])
def test_a_missing_path_is_named(tree: Path, path: str) -> None:
    """PATH_NOT_FOUND carries the user's path as a URI."""
    with pytest.raises(Exception, match="Path does not exist: file:") as caught:
        names(tree, path)
    assert caught.value.getCondition() == "PATH_NOT_FOUND"  # type: ignore[attr-defined]
    assert path in str(caught.value)


def test_partition_types_are_the_narrowest_that_read_all_values(tmp_path: Path) -> None:
    """int, bigint, double, date, timestamp, else string; NULL spells as Hive's default."""
    for values in (
        ("1", "99999999999", "1", "2020-01-01", "x", "__HIVE_DEFAULT_PARTITION__"),
        ("2", "1", "1.5", "2020-01-02 10%3A00%3A00", "1", "3"),
    ):
        folder = tmp_path.joinpath(*(f"{n}={v}" for n, v in zip("abcdef", values, strict=True)))
        folder.mkdir(parents=True)
        (folder / "f.csv").write_text("1\n")
    files = list_files([str(tmp_path)], {})
    found = [field.type for field in partition_fields(files, None)]
    assert found == [t.INT, t.BIGINT, t.DOUBLE, t.TIMESTAMP, t.STRING, t.INT]
    given = t.Struct((t.Field("A", t.STRING),))
    assert partition_fields(files, given)[0].type == t.STRING
    below = list_files([str(tmp_path / "a=1")], {"basePath": str(tmp_path)})
    assert below[0].partitions[0] == ("a", "1")


def test_contradictory_partition_folders_are_refused(tmp_path: Path) -> None:
    """Different partition columns, or several roots without basePath, are Spark's errors."""
    for folder in ("x/a=1", "x/a=1/b=2", "y/a=2"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "f.csv").write_text("1\n")
    with pytest.raises(Exception, match="CONFLICTING_PARTITION_COLUMN_NAMES"):
        read("csv", [str(tmp_path / "x")], None, {}, {})
    with pytest.raises(Exception, match="CONFLICTING_DIRECTORY_STRUCTURES"):
        read("csv", [str(tmp_path / "x"), str(tmp_path / "y")], None, {}, {})


def test_unknown_formats_and_empty_folders_are_refused(tmp_path: Path) -> None:
    """A schema cannot be inferred from nothing; a format must exist."""
    with pytest.raises(Exception, match="foo") as caught:
        read("foo", [str(tmp_path)], None, {}, {})
    assert caught.value.getCondition() == "DATA_SOURCE_NOT_FOUND"  # type: ignore[attr-defined]
    for format in ("parquet", "csv", "json"):
        with pytest.raises(Exception, match="Unable to infer schema"):
            read(format, [str(tmp_path)], None, {}, {})


def test_text_files_are_lines(tmp_path: Path) -> None:
    """One column named value; the last line end begins no line."""
    (tmp_path / "f.txt").write_text("a\n\nb\n")
    table = read("text", [str(tmp_path)], None, {}, {})
    assert (table.schema.fields[0].name, table.load([0], [], 1).rows) == ("value", 3)
