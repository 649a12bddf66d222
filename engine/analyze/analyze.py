"""From what the user wrote to a typed plan: one match over relations."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pyflare.codegen.ir.types import BIGINT
from pyflare.engine.analyze import na, reshape, select, statistics, tables
from pyflare.engine.analyze.aggregates import aggregate
from pyflare.engine.analyze.analysis import Analysis, Analyzed, CommonTable, Options
from pyflare.engine.analyze.environment import Environment
from pyflare.engine.analyze.finish import settled
from pyflare.engine.analyze.joins import join
from pyflare.engine.analyze.legacy import without_ansi
from pyflare.engine.analyze.scope import scope_of
from pyflare.engine.analyze.setops import set_operation
from pyflare.engine.errors import unsupported
from pyflare.engine.plan import nodes as p
from pyflare.engine.plan import syntax as s


def analyze(relation: s.Relation, session: Environment) -> p.Plan:
    """The plan whose output has Spark's names, types and nullability."""
    analysis = Analysis(session, Options.of(session), _relation)
    plan = settled(_relation(relation, analysis), analysis)
    return plan if analysis.options.ansi else without_ansi(plan)


def _relation(node: s.Relation, analysis: Analysis) -> Analyzed:
    match node:
        case s.Identified(child, plan_id):
            return _identified(analysis.relation(child, analysis), plan_id)
        case s.NamedTable():
            return tables.named(node, analysis)
        case s.DataSource():
            return tables.scan(analysis.session.read(node), analysis, ())
        case s.LocalTable():
            return tables.scan(analysis.session.local(node.table, node.schema), analysis, ())
        case s.Cached(key):
            return tables.scan(analysis.session.cached(key), analysis, ())
        case s.Values():
            return tables.values(node, analysis)
        case s.RangeTable(start, end, step):
            column = analysis.fresh("id", BIGINT, False)
            return Analyzed(p.Range(start, end, step, column), scope_of((column,)))
        case s.OneRowRelation():
            return Analyzed(p.OneRow(), scope_of(()))
        case s.TableFunction():
            return tables.function(node, analysis)
        case s.Project():
            return select.project(node, analysis)
        case s.Filter():
            return select.filter_(node, analysis)
        case s.Join():
            return join(node, analysis)
        case s.Aggregate():
            return aggregate(node, analysis)
        case s.Sort():
            return select.sort(node, analysis)
        case s.Limit() | s.Offset():
            return select.limit(node, analysis)
        case s.Tail(child, limit):
            child_ = analysis.relation(child, analysis)
            return replace(child_, plan=p.Tail(settled(child_, analysis), limit))
        case s.Deduplicate():
            return select.deduplicate(node, analysis)
        case s.SetOperation():
            return set_operation(node, analysis)
        case s.SubqueryAlias():
            return tables.aliased(node, analysis)
        case s.With():
            return _with(node, analysis)
        case s.WindowDefinitions(child, windows):
            known = {name.lower(): window for name, window in windows}
            return analysis.relation(
                child, replace(analysis, windows={**analysis.windows, **known})
            )
        case s.WithColumns():
            return select.with_columns(node, analysis)
        case s.RenameColumns():
            return select.rename_columns(node, analysis)
        case s.DropColumns():
            return select.drop_columns(node, analysis)
        case s.ToDataFrame():
            return select.to_dataframe(node, analysis)
        case s.ToSchema():
            return select.to_schema(node, analysis)
        case s.Sample():
            return select.sample(node, analysis)
        case s.NoOp():
            return select.no_op(node, analysis)
        case s.NaOperation():
            return na.operation(node, analysis)
        case s.Pivot():
            return reshape.pivot(node, analysis)
        case s.Unpivot():
            return reshape.unpivot(node, analysis)
        case s.Statistic():
            return statistics.statistic(node, analysis)
        case s.LateralView():
            raise unsupported("LATERAL VIEW")
        case s.MapBatches():
            raise unsupported("mapInPandas, mapInArrow and applyInPandas")
        case s.Observed():
            raise unsupported("df.observe")
        case s.ShowString():
            raise unsupported("show as part of a larger query")
        case s.CatalogQuery(name):
            raise unsupported(f"spark.catalog.{name} as part of a larger query")
        case _:
            assert_never(node)


def _identified(analyzed: Analyzed, plan_id: int) -> Analyzed:
    scope = analyzed.scope
    below = scope.children if scope.plan_id is None else (scope,)
    return replace(analyzed, scope=replace(scope, plan_id=plan_id, children=below))


def _with(node: s.With, analysis: Analysis) -> Analyzed:
    """Each CTE means what it says where it is written; every use is analysed afresh."""
    if node.recursive:
        raise unsupported("WITH RECURSIVE")
    for name, relation in node.ctes:
        known = {**analysis.tables, name.lower(): CommonTable(relation, analysis)}
        analysis = replace(analysis, tables=known)
    return analysis.relation(node.child, analysis)
