"""Joins to hash joins: which side is stored, by which keys, and what is proved of them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from pyflare.codegen.ir import operators as ir
from pyflare.codegen.ir.expr import Call, Case, Column, Expr
from pyflare.codegen.ir.operators import JoinKind
from pyflare.codegen.ir.types import BOOLEAN, Date, Integer
from pyflare.engine.lowering import Lowered, Lowering, expression, trim
from pyflare.engine.plan.expressions import (
    FALSE,
    TRUE,
    UNKNOWN,
    columns_of,
    columns_of_all,
    conjunction,
    conjuncts,
)
from pyflare.engine.plan.nodes import Join, JoinType, Plan, Scan
from pyflare.engine.plan.traverse import expressions, fresh, ids, walk
from pyflare.engine.rules.push_filters import decided

MUCH_SMALLER = 2.0
GUESS = 1000.0
FEW = 8.0  # rows of one key that may be walked
DENSE_PER_ROW, DENSE_ANYWAY = 4, 1 << 16


@dataclass(frozen=True, slots=True)
class Keys:
    """A condition taken apart: equalities of one side with the other, and the rest."""

    left: list[Expr]
    right: list[Expr]
    null_safe: list[bool]
    residual: list[Expr]


def split(condition: Expr | None, left: Set[int], right: Set[int]) -> Keys:
    """Equalities whose sides are computed from one input each are keys."""
    keys = Keys([], [], [], [])
    for predicate in conjuncts(condition):
        match predicate:
            case Call("eq" | "eq_null_safe" as name, (a, b)):
                in_a, in_b = columns_of(a), columns_of(b)
                if in_a and in_b and in_a <= right and in_b <= left:
                    a, b, in_a, in_b = b, a, in_b, in_a
                if in_a and in_b and in_a <= left and in_b <= right:
                    keys.left.append(a)
                    keys.right.append(b)
                    keys.null_safe.append(name == "eq_null_safe")
                    continue
        keys.residual.append(predicate)
    return keys


def lower_join(plan: Join, lowering: Lowering, needed: Set[int]) -> Lowered:
    """The smaller side is stored. What must be known of unmatched rows decides the kind."""
    if plan.kind is JoinType.RIGHT:
        plan = replace(plan, left=plan.right, right=plan.left, kind=JoinType.LEFT)
    if plan.kind in (JoinType.ANTI_NULL_AWARE, JoinType.MARK_NULL_AWARE):
        return _null_aware(plan, lowering, needed)
    kind, swapped = _kind(plan, lowering)
    return _join(plan, kind, swapped, lowering, needed)


def _kind(plan: Join, lowering: Lowering) -> tuple[JoinKind, bool]:
    """The physical kind, and whether the left side is the one that is stored."""
    left = lowering.statistics.estimate(plan.left)
    right = lowering.statistics.estimate(plan.right)
    smaller = left.rows * MUCH_SMALLER < right.rows
    keys = split(plan.condition, ids(plan.left.output), ids(plan.right.output))
    match plan.kind:
        case JoinType.INNER:
            return JoinKind.INNER, _weight(plan.left, left.rows) < _weight(plan.right, right.rows)
        case JoinType.LEFT:
            swap = smaller and bool(keys.left)
            return (JoinKind.BUILD_OUTER, True) if swap else (JoinKind.PROBE_OUTER, False)
        case JoinType.FULL:
            return JoinKind.FULL_OUTER, left.rows < right.rows
        case JoinType.SEMI:
            swap = smaller and bool(keys.left)
            return (JoinKind.BUILD_SEMI, True) if swap else (JoinKind.PROBE_SEMI, False)
        case JoinType.ANTI:
            swap = smaller and bool(keys.left)
            return (JoinKind.BUILD_ANTI, True) if swap else (JoinKind.PROBE_ANTI, False)
        case JoinType.MARK:
            return JoinKind.PROBE_MARK, False
        case JoinType.SINGLE:
            matched = [e.id for e in keys.right if isinstance(e, Column)]
            once = right.unique(matched)
            return (JoinKind.PROBE_OUTER if once else JoinKind.PROBE_SINGLE), False
        case _:
            raise AssertionError(plan.kind)


def _weight(plan: Plan, rows: float) -> float:
    """Rows to store. What comes out of a join is a guess, so a small table is stored rather."""
    return rows + GUESS if any(isinstance(n, Join) for n in walk(plan)) else rows


def _join(
    plan: Join, kind: JoinKind, swapped: bool, lowering: Lowering, needed: Set[int]
) -> Lowered:
    reads = needed | columns_of_all(expressions(plan))
    probe_plan, build_plan = (plan.right, plan.left) if swapped else (plan.left, plan.right)
    probe = lowering.node(probe_plan, reads)
    build = trim(lowering.node(build_plan, reads), reads)
    both = {**probe.columns, **build.columns}
    keys = split(plan.condition, ids(plan.left.output), ids(plan.right.output))
    keys = _one_dense_key(keys, swapped, build_plan, lowering)
    probe_keys, build_keys = (keys.right, keys.left) if swapped else (keys.left, keys.right)
    mark = None if plan.mark is None else lowering.column(plan.mark, False)
    residual = conjunction(expression(p, both) for p in keys.residual)
    operator: ir.Operator
    if probe_keys:
        operator = ir.HashJoin(
            kind,
            build.operator,
            probe.operator,
            tuple(expression(e, build.columns) for e in build_keys),
            tuple(expression(e, probe.columns) for e in probe_keys),
            tuple(keys.null_safe),
            residual,
            mark,
            _key_range(build_plan, build_keys, lowering),
            _unique(build_plan, build_keys, lowering),
            int(lowering.statistics.estimate(build_plan).rows),
        )
    else:
        operator = ir.NestedLoopJoin(kind, build.operator, probe.operator, residual, mark)
    return Lowered(operator, _columns(kind, probe, build, plan, mark))


def _columns(
    kind: JoinKind, probe: Lowered, build: Lowered, plan: Join, mark: Column | None
) -> dict[int, Column]:
    """What the rows of the join hold; the side that may be absent is nullable."""
    left, right = dict(probe.columns), dict(build.columns)
    match kind:
        case JoinKind.BUILD_SEMI | JoinKind.BUILD_ANTI:
            return right
        case JoinKind.PROBE_SEMI | JoinKind.PROBE_ANTI | JoinKind.PROBE_ANTI_NULL_AWARE:
            return left
        case JoinKind.PROBE_MARK | JoinKind.PROBE_MARK_NULL_AWARE:
            assert plan.mark is not None and mark is not None
            return {**left, plan.mark.id: mark}
        case JoinKind.INNER:
            return {**left, **right}
        case JoinKind.PROBE_OUTER | JoinKind.PROBE_SINGLE:
            return {**left, **_absent(right)}
        case JoinKind.BUILD_OUTER:
            return {**_absent(left), **right}
        case JoinKind.FULL_OUTER:
            return {**_absent(left), **_absent(right)}


def _absent(columns: dict[int, Column]) -> dict[int, Column]:
    return {i: c if c.nullable else replace(c, nullable=True) for i, c in columns.items()}


def _one_dense_key(keys: Keys, swapped: bool, build: Plan, lowering: Lowering) -> Keys:
    """a = x and b = y  ->  key a = x, residual b = y, where x alone finds its few rows in an array.

    Most probes then end at an empty place of the array, without a hash of several values.
    """
    build_keys = keys.left if swapped else keys.right
    if len(build_keys) < 2:
        return keys
    estimate = lowering.statistics.estimate(build)
    best: tuple[float, int] | None = None
    for i, key in enumerate(build_keys):
        if keys.null_safe[i] or _key_range(build, [key], lowering) is None:
            continue
        assert isinstance(key, Column)
        distinct = estimate.facts[key.id].distinct or 1.0
        each = 1.0 if estimate.unique((key.id,)) else estimate.rows / max(distinct, 1.0)
        if each <= FEW and (best is None or each < best[0]):
            best = (each, i)
    if best is None:
        return keys
    i = best[1]
    rest = [
        Call("eq_null_safe" if safe else "eq", (a, b), BOOLEAN, True)
        for j, (a, b, safe) in enumerate(zip(keys.left, keys.right, keys.null_safe, strict=True))
        if j != i
    ]
    return Keys([keys.left[i]], [keys.right[i]], [False], [*rest, *keys.residual])


def _key_range(build: Plan, keys: list[Expr], lowering: Lowering) -> tuple[int, int] | None:
    """The proved range of a single integer key, where an array over it is worth its memory."""
    match keys:
        case [Column(id=key, type=Integer() | Date())]:
            fact = lowering.statistics.estimate(build).facts.get(key)
            if fact is None or not fact.exact:
                return None
            lo, hi = fact.lo, fact.hi
            if not isinstance(lo, int) or not isinstance(hi, int) or lo > hi:
                return None
            rows = max(
                (lowering.statistics.estimate(n).rows for n in walk(build) if isinstance(n, Scan)),
                default=0.0,
            )
            if hi - lo + 1 <= max(DENSE_PER_ROW * rows, DENSE_ANYWAY):
                return lo, hi
    return None


def _unique(build: Plan, keys: list[Expr], lowering: Lowering) -> bool:
    columns = [key.id for key in keys if isinstance(key, Column)]
    return lowering.statistics.estimate(build).unique(columns)


def _null_aware(plan: Join, lowering: Lowering, needed: Set[int]) -> Lowered:
    """NOT IN and IN as a value. One key alone has an operator of its own; where no comparison
    can be unknown a plain join will do; else the unknown is asked for by itself."""
    anti = plan.kind is JoinType.ANTI_NULL_AWARE
    parts = conjuncts(plan.condition)
    reads = columns_of_all(parts)
    left, right = lowering.node(plan.left, needed | reads), lowering.node(plan.right, reads)
    both = {**left.columns, **right.columns}
    unknown = [p for p in parts if expression(p, both).nullable]
    if not unknown:
        kind = JoinType.ANTI if anti else JoinType.MARK
        plain = conjunction(decided(p) for p in parts)
        return lower_join(replace(plan, kind=kind, condition=plain), lowering, needed)
    keys = split(plan.condition, ids(plan.left.output), ids(plan.right.output))
    if len(parts) == 1 and len(keys.left) == 1:
        physical = JoinKind.PROBE_ANTI_NULL_AWARE if anti else JoinKind.PROBE_MARK_NULL_AWARE
        joined = _join(plan, physical, False, lowering, needed)
        if anti or plan.mark is None:
            return joined
        assert isinstance(joined.operator, ir.HashJoin) and joined.operator.mark is not None
        mark = replace(joined.operator.mark, nullable=True)
        operator = replace(joined.operator, mark=mark)
        return Lowered(operator, {**joined.columns, plan.mark.id: mark})
    known = [decided(p) for p in parts if p not in unknown]
    doubt = conjunction(unknown)
    assert doubt is not None
    if anti:
        # A row goes if some comparison is true or unknown
        maybe = Call("coalesce", (doubt, TRUE), BOOLEAN, False)
        condition = conjunction([*known, maybe])
        return lower_join(replace(plan, kind=JoinType.ANTI, condition=condition), lowering, needed)
    assert plan.mark is not None
    true_mark, doubt_mark = fresh("in", BOOLEAN, False), fresh("unknown", BOOLEAN, False)
    yes = Join(plan.left, plan.right, JoinType.MARK, conjunction([*known, *unknown]), true_mark)
    asked = conjunction([*known, Call("is_null", (doubt,), BOOLEAN, False)])
    both_marks = Join(yes, plan.right, JoinType.MARK, asked, doubt_mark)
    below = lower_join(both_marks, lowering, needed | {true_mark.id})
    value = Case(
        ((below.columns[true_mark.id], TRUE), (below.columns[doubt_mark.id], UNKNOWN)),
        FALSE,
        BOOLEAN,
        True,
    )
    out = lowering.column(plan.mark, True)
    columns = {i: c for i, c in below.columns.items() if i in needed}
    passed = {c.id: c for c in columns.values()}
    operator_ = ir.Project(below.operator, (*((c, c) for c in passed.values()), (out, value)))
    return Lowered(operator_, {**columns, plan.mark.id: out})
