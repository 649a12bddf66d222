"""What the user wrote, before analysis: the tree that both decoders produce.

engine.connect (Spark Connect protobuf) and engine.sql (sqlglot) translate into these nodes and do
nothing else: no name is looked up, no type inferred. engine.analyze turns them into plan.nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from typing import Literal as OneOf

from pyflare.codegen.ir.expr import Frame, Literal, Origin
from pyflare.codegen.ir.types import Struct, Type

if TYPE_CHECKING:
    import pyarrow as pa

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Attribute:
    """A name, possibly qualified (`parts`), possibly bound to the DataFrame `plan_id`."""

    parts: tuple[str, ...]
    plan_id: int | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Star:
    """`*` or `t.*`, minus `excluded` (SELECT * EXCEPT)."""

    target: tuple[str, ...] = ()
    plan_id: int | None = None
    excluded: tuple[tuple[str, ...], ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class RegexColumns:
    """df.colRegex: all columns whose name matches `pattern`."""

    pattern: str
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A call by name, with operators spelt as Spark spells them (`+`, `==`, `and`, `!`, `in`).

    `within_group` orders an ordered-set aggregate; `user` looks only at user functions first
    (call_function).
    """

    name: str
    args: tuple[SyntaxExpr, ...]
    distinct: bool = False
    filter: SyntaxExpr | None = None
    within_group: tuple[Ordering, ...] = ()
    ignore_nulls: bool | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class NamedArgument:
    """name => value in an argument list."""

    name: str
    value: SyntaxExpr


@dataclass(frozen=True, slots=True)
class CaseWhen:
    """CASE WHEN … THEN … ELSE … END; CASE x WHEN v has become x = v."""

    branches: tuple[tuple[SyntaxExpr, SyntaxExpr], ...]
    otherwise: SyntaxExpr | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class CastTo:
    """CAST or TRY_CAST; `type` is a parsed type."""

    child: SyntaxExpr
    type: Type
    try_: bool = False
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """`child` under one name (or several, for generators); metadata is a JSON text."""

    child: SyntaxExpr
    names: tuple[str, ...]
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """One ORDER BY item. `nulls_first` None = Spark's default: first ascending, last descending."""

    child: SyntaxExpr
    ascending: bool = True
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class WindowOver:
    """function OVER (PARTITION BY … ORDER BY … frame); or OVER name."""

    function: SyntaxExpr
    partition: tuple[SyntaxExpr, ...] = ()
    order: tuple[Ordering, ...] = ()
    frame: Frame | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ScalarSubquery:
    """(SELECT …) used as a value."""

    plan: Relation
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS (SELECT …)."""

    plan: Relation
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class InSubquery:
    """(values…) IN (SELECT …); NOT IN is Function("!", …) around it."""

    values: tuple[SyntaxExpr, ...]
    plan: Relation
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """child[key], child.field, map lookup."""

    child: SyntaxExpr
    key: SyntaxExpr
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """(x, y) -> body."""

    parameters: tuple[str, ...]
    body: SyntaxExpr


@dataclass(frozen=True, slots=True)
class UpdateField:
    """Column.withField / dropFields (value None)."""

    child: SyntaxExpr
    field: str
    value: SyntaxExpr | None


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """A Python UDF: the function object itself, its declared type and Spark's eval type."""

    name: str
    function: Any
    type: Type | None
    eval_type: int
    args: tuple[SyntaxExpr, ...]
    deterministic: bool = True
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter marker, `:name` or the n-th `?`."""

    key: str | int
    origin: Origin | None = None


SyntaxExpr: TypeAlias = (
    Literal
    | Attribute
    | Star
    | RegexColumns
    | Function
    | NamedArgument
    | CaseWhen
    | CastTo
    | Alias
    | Ordering
    | WindowOver
    | ScalarSubquery
    | Exists
    | InSubquery
    | Extract
    | LambdaFunction
    | UpdateField
    | PythonFunction
    | Parameter
)

# ---------------------------------------------------------------- relations


@dataclass(frozen=True, slots=True)
class Identified:
    """`child` carries the Connect plan id by which `df.col` refers to it."""

    child: Relation
    plan_id: int


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table, view or CTE by name."""

    parts: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """spark.read: files at `paths` in `format`; `schema` if the user gave one."""

    format: str
    paths: tuple[str, ...]
    schema: Struct | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LocalTable:
    """Arrow data from createDataFrame or a command's result; `schema` if the user gave one."""

    table: pa.Table
    schema: Struct | None = None


@dataclass(frozen=True, slots=True)
class Values:
    """VALUES (…), (…): inline rows."""

    rows: tuple[tuple[SyntaxExpr, ...], ...]


@dataclass(frozen=True, slots=True)
class RangeTable:
    """spark.range; partitions are ignored."""

    start: int
    end: int
    step: int


@dataclass(frozen=True, slots=True)
class OneRowRelation:
    """SELECT without FROM."""


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A table-valued function in FROM."""

    name: str
    args: tuple[SyntaxExpr, ...]
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """SELECT items FROM child. Aggregates among the items make it a global aggregate.

    `hidden_having` is HAVING without GROUP BY.
    """

    child: Relation
    items: tuple[SyntaxExpr, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """WHERE."""

    child: Relation
    condition: SyntaxExpr


@dataclass(frozen=True, slots=True)
class Join:
    """kind: inner, left, right, full, semi, anti, cross; `using` column names; `natural`."""

    left: Relation
    right: Relation
    kind: OneOf["inner", "left", "right", "full", "semi", "anti", "cross"]
    condition: SyntaxExpr | None = None
    using: tuple[str, ...] = ()
    natural: bool = False
    lateral: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """GROUP BY. `items` is the whole select list (DataFrame code: grouping columns first).

    grouping: "groupby", "rollup", "cube", "sets" (then `sets` lists them). A SQL integer or alias
    in `groups` is resolved by the analyser (`by_position`: SQL text, not DataFrame).
    """

    child: Relation
    groups: tuple[SyntaxExpr, ...]
    items: tuple[SyntaxExpr, ...]
    grouping: OneOf["groupby", "rollup", "cube", "sets", "all"] = "groupby"
    sets: tuple[tuple[SyntaxExpr, ...], ...] = ()
    having: SyntaxExpr | None = None
    sql: bool = False


@dataclass(frozen=True, slots=True)
class Pivot:
    """groupBy(groups).pivot(column, values).agg(aggregates); `values` empty = find them."""

    child: Relation
    groups: tuple[SyntaxExpr, ...] | None
    column: SyntaxExpr
    values: tuple[SyntaxExpr, ...]
    aggregates: tuple[SyntaxExpr, ...]


@dataclass(frozen=True, slots=True)
class Unpivot:
    """df.unpivot / melt / SQL UNPIVOT; `values` None = all columns that are not ids."""

    child: Relation
    ids: tuple[SyntaxExpr, ...]
    values: tuple[SyntaxExpr, ...] | None
    variable_name: str
    value_name: str
    include_nulls: bool = True


@dataclass(frozen=True, slots=True)
class Sort:
    """ORDER BY (is_global) or sortWithinPartitions; SQL ordinals and aliases count if `sql`."""

    child: Relation
    keys: tuple[SyntaxExpr, ...]
    is_global: bool = True
    sql: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` rows."""

    child: Relation
    limit: SyntaxExpr


@dataclass(frozen=True, slots=True)
class Offset:
    """Without the first `offset` rows."""

    child: Relation
    offset: SyntaxExpr


@dataclass(frozen=True, slots=True)
class Tail:
    """The last `limit` rows."""

    child: Relation
    limit: int


@dataclass(frozen=True, slots=True)
class Deduplicate:
    """distinct (columns None) or dropDuplicates(columns)."""

    child: Relation
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SetOperation:
    """UNION, INTERSECT, EXCEPT; `all` keeps duplicates; unionByName by `by_name`."""

    left: Relation
    right: Relation
    kind: OneOf["union", "intersect", "except"]
    all: bool = False
    by_name: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class SubqueryAlias:
    """child AS name (columns)."""

    child: Relation
    name: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class With:
    """WITH name AS (…) … child; each CTE sees those before it."""

    ctes: tuple[tuple[str, Relation], ...]
    child: Relation
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class LateralView:
    """LATERAL VIEW [OUTER] generator alias AS columns."""

    child: Relation
    generator: SyntaxExpr
    outer: bool
    alias: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WindowDefinitions:
    """WINDOW name AS (…): names for WindowOver.name in `child`'s select list."""

    child: Relation
    windows: tuple[tuple[str, WindowOver], ...]


@dataclass(frozen=True, slots=True)
class WithColumns:
    """withColumn(s): replace or append."""

    child: Relation
    columns: tuple[Alias, ...]


@dataclass(frozen=True, slots=True)
class RenameColumns:
    """withColumnRenamed(s): unknown names are ignored."""

    child: Relation
    renames: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DropColumns:
    """drop by column expression or by name; unknown names are ignored."""

    child: Relation
    columns: tuple[SyntaxExpr, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToDataFrame:
    """toDF(names)."""

    child: Relation
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToSchema:
    """df.to(schema)."""

    child: Relation
    schema: Struct


@dataclass(frozen=True, slots=True)
class Sample:
    """sample(lower, upper, withReplacement, seed).

    `stable` (randomSplit): the parts must not overlap, so rows come in one order each time.
    """

    child: Relation
    lower: float
    upper: float
    with_replacement: bool
    seed: int | None
    stable: bool = False


@dataclass(frozen=True, slots=True)
class NoOp:
    """What has no meaning on one machine: hints, repartition, coalesce; explain names it.

    The expressions of `checked` must still resolve (repartition by an unknown column).
    """

    child: Relation
    what: str
    checked: tuple[SyntaxExpr, ...] = ()


@dataclass(frozen=True, slots=True)
class NaOperation:
    """na.fill, na.drop, na.replace; see the fields used by each kind.

    fill: `values` per column (one value = all columns of its type class) ; drop: `threshold` =
    least number of non-NULL values (None: all); replace: `replacements` (old, new) pairs.
    """

    child: Relation
    kind: OneOf["fill", "drop", "replace"]
    columns: tuple[str, ...] = ()
    values: tuple[Literal, ...] = ()
    threshold: int | None = None
    replacements: tuple[tuple[Literal, Literal], ...] = ()


@dataclass(frozen=True, slots=True)
class Statistic:
    """df.stat and describe/summary: kind names it, `columns` and `parameters` feed it."""

    child: Relation
    kind: OneOf[
        "describe",
        "summary",
        "crosstab",
        "freq_items",
        "corr",
        "cov",
        "approx_quantile",
        "sample_by",
    ]
    columns: tuple[str, ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class MapBatches:
    """mapInPandas / mapInArrow / applyInPandas / cogroup: `function` over Arrow blocks."""

    child: Relation
    function: PythonFunction
    groups: tuple[SyntaxExpr, ...] = ()
    other: Relation | None = None
    other_groups: tuple[SyntaxExpr, ...] = ()


@dataclass(frozen=True, slots=True)
class Cached:
    """The stored result of checkpoint or cache, by key of the session."""

    key: str


@dataclass(frozen=True, slots=True)
class Observed:
    """df.observe(name, metrics)."""

    child: Relation
    name: str
    metrics: tuple[SyntaxExpr, ...]


@dataclass(frozen=True, slots=True)
class ShowString:
    """df.show(): one row, one string column show_string; truncate 0 = no limit."""

    child: Relation
    rows: int
    truncate: int
    vertical: bool
    html: bool = False


@dataclass(frozen=True, slots=True)
class CatalogQuery:
    """A spark.catalog call that answers rows; the session runs it before analysis."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()


Relation: TypeAlias = (
    Identified
    | NamedTable
    | DataSource
    | LocalTable
    | Values
    | RangeTable
    | OneRowRelation
    | TableFunction
    | Project
    | Filter
    | Join
    | Aggregate
    | Pivot
    | Unpivot
    | Sort
    | Limit
    | Offset
    | Tail
    | Deduplicate
    | SetOperation
    | SubqueryAlias
    | With
    | LateralView
    | WindowDefinitions
    | WithColumns
    | RenameColumns
    | DropColumns
    | ToDataFrame
    | ToSchema
    | Sample
    | NoOp
    | NaOperation
    | Statistic
    | MapBatches
    | Cached
    | Observed
    | ShowString
    | CatalogQuery
)

# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE [OR REPLACE] [GLOBAL] TEMP VIEW; createOrReplaceTempView."""

    name: tuple[str, ...]
    child: Relation
    replace: bool
    is_global: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DropView:
    """DROP VIEW / DROP TABLE of a temporary view."""

    name: tuple[str, ...]
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Write:
    """df.write: to `path` or `table`; mode append, overwrite, error, ignore.

    `insert` (insertInto) asks for an existing table and matches columns by position.
    """

    child: Relation
    format: str
    path: str | None
    table: tuple[str, ...] | None
    mode: OneOf["append", "overwrite", "error", "ignore"]
    partition_by: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    insert: bool = False


@dataclass(frozen=True, slots=True)
class SetConfig:
    """SET key = value; value None shows it, key None shows all; RESET by `reset`."""

    key: str | None
    value: str | None = None
    reset: bool = False


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """EXPLAIN [EXTENDED | CODEGEN | COST | FORMATTED] query."""

    child: Relation
    mode: OneOf["simple", "extended", "codegen", "cost", "formatted"] = "simple"


@dataclass(frozen=True, slots=True)
class CacheTable:
    """CACHE [LAZY] TABLE name [AS query], UNCACHE TABLE name, CLEAR CACHE (name None)."""

    name: tuple[str, ...] | None
    child: Relation | None = None
    uncache: bool = False
    lazy: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW TABLES | VIEWS | DATABASES | COLUMNS | FUNCTIONS | DESCRIBE name (what="describe")."""

    what: str
    name: tuple[str, ...] | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterFunction:
    """spark.udf.register."""

    function: PythonFunction


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """df.checkpoint / localCheckpoint: run `child` and keep its rows under a new Cached key."""

    child: Relation


@dataclass(frozen=True, slots=True)
class DropCheckpoint:
    """Forget the rows kept under the Cached key `key`."""

    key: str


Command: TypeAlias = (
    CreateView
    | DropView
    | Write
    | SetConfig
    | ExplainQuery
    | CacheTable
    | Show
    | RegisterFunction
    | Checkpoint
    | DropCheckpoint
)
