"""Expressions of SQL text become the syntax that Spark's parser gives them."""

from __future__ import annotations

import pytest

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Frame, Literal
from pyflare.engine.plan import syntax as s
from pyflare.engine.sql import parse, parse_expression
from pyflare.engine.sql.bare import bare


def read(text: str) -> object:
    """The expression without its places in the text."""
    return bare(parse_expression(text))


def name(text: str) -> s.Attribute:
    """An attribute by its dotted name."""
    return s.Attribute(tuple(text.split(".")))


def call(function: str, *args: s.SyntaxExpr) -> s.Function:
    """A call without frills."""
    return s.Function(function, args)


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a or b and c", "a or (b and c)"),
        ("not a = b and c", "(not (a = b)) and c"),
        ("a = b = c", "(a = b) = c"),
        ("a = b in (c)", "(a = b) in (c)"),
        ("a = b is null", "(a = b) is null"),
        ("a = b like c", "(a = b) like c"),
        ("a like b = c", "a like (b = c)"),
        ("a < b + c * d", "a < (b + (c * d))"),
        ("a - b - c", "(a - b) - c"),
        ("a || b + c", "(a || b) + c"),
        ("a | b ^ c & d", "a | (b ^ (c & d))"),
        ("a & b << 1 + c", "a & (b << (1 + c))"),
        ("-a * b", "(-a) * b"),
        ("-a.b[1]", "-((a.b)[1])"),
        ("-a::int", "-(a::int)"),
        ("a div b % c", "(a div b) % c"),
        ("a between b and c and d", "(a between b and c) and d"),
        ("a + 1 in (b) or c", "((a + 1) in (b)) or c"),
        ("not a in (b)", "a not in (b)"),
        ("not exists(select 1)", "!exists(select 1)"),
    ],
)
def test_operators_bind_as_in_spark(text: str, grouped: str) -> None:
    """Parentheses that repeat Spark's precedence change nothing."""
    assert read(text) == read(grouped)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a <> b", "not a = b"),
        ("a != b", "not a == b"),
        ("a !< b", "a >= b"),
        ("a not between 1 and 2", "not (a between 1 and 2)"),
        ("case a when 1 then b else c end", "case when a = 1 then b else c end"),
        ("a is true", "a <=> true"),
        ("a is not false", "not a <=> false"),
        ("a is distinct from b", "not a <=> b"),
        ("a is not distinct from b", "a <=> b"),
        ("a is unknown", "a is null"),
        ("a like any ('x', 'y')", "a like 'x' or a like 'y'"),
        ("a not like all ('x', 'y')", "a not like 'x' and a not like 'y'"),
        ("a regexp 'x'", "a rlike 'x'"),
        ("a::int", "cast(a as int)"),
        ("count(*)", "count(1)"),
        ("substring(a from 1 for 2)", "substring(a, 1, 2)"),
        ("trim(both 'x' from a)", "trim('x', a)"),
        ("trim(leading from a)", "ltrim(a)"),
        ("position('a' in b)", "locate('a', b)"),
        ("overlay(a placing b from 1 for 2)", "overlay(a, b, 1, 2)"),
        ("extract(year from d)", "extract('year', d)"),
        ("dateadd(day, 1, d)", "timestampadd(day, 1, d)"),
        ("date_diff(month, a, b)", "timestampdiff(month, a, b)"),
        ("(a, b)", "struct(a, b)"),
        ("'a' 'b'", "'ab'"),
        ("'it''s'", '"it\'s"'),
        ("r'a\\n'", "'a\\\\n'"),
        ("first(a) ignore nulls", "first(a ignore nulls)"),
    ],
)
def test_spellings_of_one_meaning_are_one_tree(text: str, plain: str) -> None:
    """Special syntax is gone after parsing."""
    assert read(text) == read(plain)


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("1", 1, t.INT),
        ("-2147483648", -(2**31), t.INT),
        ("2147483648", 2**31, t.BIGINT),
        ("-9223372036854775808", -(2**63), t.BIGINT),
        ("99999999999999999999", 99999999999999999999, t.Decimal(20, 0)),
        ("9" * 38, 10**38 - 1, t.Decimal(38, 0)),
        ("-0." + "9" * 38, 1 - 10**38, t.Decimal(38, 38)),
        ("10L", 10, t.BIGINT),
        ("-9223372036854775808L", -(2**63), t.BIGINT),
        ("1S", 1, t.SMALLINT),
        ("1Y", 1, t.TINYINT),
        ("2.0D", 2.0, t.DOUBLE),
        ("1.5f", 1.5, t.FLOAT),
        ("1e3", 1000.0, t.DOUBLE),
        ("1.50", 150, t.Decimal(3, 2)),
        ("0.01", 1, t.Decimal(2, 2)),
        ("-0.06", -6, t.Decimal(2, 2)),
        (".5", 5, t.Decimal(1, 1)),
        ("1.", 1, t.Decimal(1, 0)),
        ("1.5BD", 15, t.Decimal(2, 1)),
        ("1e3BD", 1000, t.Decimal(4, 0)),
        ("true", True, t.BOOLEAN),
        ("null", None, t.NULL),
        (r"'a\n\t\'\\\u0041\101'", "a\n\t'\\AA", t.STRING),
        (r"'100\%'", "100\\%", t.STRING),
        (r"'\uD83D\uDE00 \uD800 \U0001F600'", "😀 ? 😀", t.STRING),
        ('"double"', "double", t.STRING),
        ("x'1F'", b"\x1f", t.BINARY),
        ("X'F'", b"\x0f", t.BINARY),
        ("date '1998-12-01'", 10561, t.DATE),
        ("date '0001-01-01'", -719162, t.DATE),
        ("date '2020'", 18262, t.DATE),
        ("timestamp_ntz '1970-01-01 00:00:01.5'", 1_500_000, t.TIMESTAMP_NTZ),
        ("timestamp '1970-01-01 00:00:01Z'", 1_000_000, t.TIMESTAMP),
        ("interval '3' month", 3, t.YearMonthInterval(1, 1)),
        ("interval 3 months", 3, t.YearMonthInterval(1, 1)),
        ("interval '1-2' year to month", 14, t.YearMonthInterval(0, 1)),
        ("interval 1 year 2 months", 14, t.YearMonthInterval(0, 1)),
        ("interval '1 year 2 months'", 14, t.YearMonthInterval(0, 1)),
        ("interval '90' day", 90 * 86_400_000_000, t.DayTimeInterval(0, 0)),
        ("interval 2 weeks", 14 * 86_400_000_000, t.DayTimeInterval(0, 0)),
        ("interval '1 day -2 hours'", 22 * 3_600_000_000, t.DayTimeInterval(0, 1)),
        ("interval 1.5 seconds", 1_500_000, t.DayTimeInterval(3, 3)),
        ("interval '1 02:03:04.5' day to second", 93784_500_000, t.DayTimeInterval(0, 3)),
        ("interval -'1 02:03:04' day to second", -93784_000_000, t.DayTimeInterval(0, 3)),
        ("interval '10:20' hour to minute", 37200_000_000, t.DayTimeInterval(1, 2)),
    ],
)
def test_a_constant_has_its_exact_value_and_type(text: str, value: object, type_: t.Type) -> None:
    """Constants are in storage form, as wide as Spark makes them."""
    assert parse_expression(text) == Literal(value, type_)


def test_a_timestamp_without_zone_waits_for_the_session() -> None:
    """Only analysis knows the session's time zone, so the checked text is cast there."""
    expected = s.CastTo(Literal("2020-01-01 00:00:00", t.STRING), t.TIMESTAMP)
    assert read("timestamp '2020-01-01 00:00:00'") == expected


def test_names_fields_and_subscripts() -> None:
    """A dotted name is one attribute; what follows another expression is an extraction."""
    assert read("a.`b.c`.d") == s.Attribute(("a", "b.c", "d"))
    field = s.Extract(s.Extract(name("a"), Literal(0, t.INT)), Literal("x", t.STRING))
    assert read("a[0].x") == field
    assert read("f(a).x") == s.Extract(call("f", name("a")), Literal("x", t.STRING))
    assert read("t.* except (a, b.c)") == s.Star(("t",), None, (("a",), ("b", "c")))


def test_calls_keep_their_name_and_modifiers() -> None:
    """Names stay as written; DISTINCT, FILTER, WITHIN GROUP and NULLS options are kept."""
    assert read("SUM(distinct a)") == s.Function("SUM", (name("a"),), distinct=True)
    condition = call(">", name("b"), Literal(1, t.INT))
    assert read("sum(a) filter (where b > 1)") == s.Function("sum", (name("a"),), filter=condition)
    ordering = s.Ordering(name("x"), ascending=False)
    assert read("mode() within group (order by x desc)") == s.Function(
        "mode", (), within_group=(ordering,)
    )
    assert read("any_value(a ignore nulls)") == s.Function(
        "any_value", (name("a"),), ignore_nulls=True
    )
    assert read("a.b.f(1)") == call("a.b.f", Literal(1, t.INT))
    assert read("f(x => 1)") == call("f", s.NamedArgument("x", Literal(1, t.INT)))


def test_lambdas() -> None:
    """x -> e and (x, y) -> e."""
    body = call("+", name("x"), name("y"))
    assert read("transform(a, (x, y) -> x + y)") == call(
        "transform", name("a"), s.LambdaFunction(("x", "y"), body)
    )
    assert read("filter(a, x -> x)") == call(
        "filter", name("a"), s.LambdaFunction(("x",), name("x"))
    )


def test_windows() -> None:
    """OVER with partitions, orderings and frames; a name refers to the WINDOW clause."""
    window = s.WindowOver(
        call("sum", name("a")),
        (name("b"),),
        (s.Ordering(name("c"), False, True),),
        Frame("rows", -1, None),
    )
    text = (
        "sum(a) over (partition by b order by c desc nulls first "
        "rows between 1 preceding and unbounded following)"
    )
    assert read(text) == window
    assert read("sum(a) over w") == s.WindowOver(call("sum", name("a")), name="w")
    assert read("sum(a) over (order by c range 5 preceding)") == s.WindowOver(
        call("sum", name("a")), (), (s.Ordering(name("c")),), Frame("range", -5, 0)
    )


def test_subqueries() -> None:
    """Scalar, EXISTS and IN; several values on the left of IN; a subquery in two parentheses."""
    one = s.Project(s.OneRowRelation(), (Literal(1, t.INT),))
    assert read("(select 1)") == s.ScalarSubquery(one)
    assert read("exists (select 1)") == s.Exists(one)
    assert read("a in (select 1)") == s.InSubquery((name("a"),), one)
    assert read("(a, b) in (select 1)") == s.InSubquery((name("a"), name("b")), one)
    assert read("a in ((select 1))") == call("in", name("a"), s.ScalarSubquery(one))
    assert read("((select 1)) + 1") == call("+", s.ScalarSubquery(one), Literal(1, t.INT))


def test_an_alias_may_follow_with_or_without_as() -> None:
    """Generators take several names."""
    assert read("a as b") == s.Alias(name("a"), ("b",))
    assert read("a `b c`") == s.Alias(name("a"), ("b c",))
    assert read("explode(m) as (k, v)") == s.Alias(call("explode", name("m")), ("k", "v"))


def test_parameters_are_replaced_by_their_values() -> None:
    """:name by name, ? by order of appearance."""
    one, two = Literal(1, t.INT), Literal(2, t.INT)
    plan = parse("select :a, ?, ? from t limit :a", {"a": one}, [two, one])
    assert bare(plan) == s.Limit(s.Project(s.NamedTable(("t",)), (one, two, one)), one)


def test_every_expression_knows_its_place() -> None:
    """Origin spans the words of the expression, its own parentheses included, not those around."""
    node = parse_expression("1 +\n  ((a + b)\n / c)")
    assert isinstance(node, s.Function)
    quotient = node.args[1]
    assert isinstance(quotient, s.Function) and quotient.origin is not None
    assert quotient.origin.fragment == "(a + b)\n / c"
    assert (quotient.origin.line, quotient.origin.column, quotient.origin.start) == (2, 3, 7)
    total = quotient.args[0]
    assert isinstance(total, s.Function) and total.origin is not None
    assert total.origin.fragment == "a + b"
    column = total.args[1]
    assert isinstance(column, s.Attribute) and column.origin is not None
    assert column.origin.fragment == "b"


def test_long_chains_of_conditions_stay_shallow() -> None:
    """3,000 terms make a tree of depth 12, not 3,000."""

    def depth(node: object) -> int:
        match node:
            case s.Function("and", args):
                return 1 + max(map(depth, args))
        return 0

    assert depth(parse_expression(" and ".join(f"a{i} = {i}" for i in range(3000)))) == 12
