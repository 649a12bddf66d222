"""Columns become expression trees that say what the user wrote."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql.connect import functions as F
from pyspark.sql.connect.window import Window

from pyflare.codegen.ir import types as t
from pyflare.codegen.ir.expr import Frame, Literal
from pyflare.engine.plan import syntax as s

a = s.Attribute(("a",))
b = s.Attribute(("b",))


def call(name: str, *args: s.SyntaxExpr) -> s.Function:
    return s.Function(name, args)


def test_names(decode: Any) -> None:
    """Dots separate the parts of a name unless backquotes hold them together."""
    assert decode.column(F.col("t.a")) == s.Attribute(("t", "a"))
    assert decode.column(F.col("`t.a`")) == s.Attribute(("t.a",))
    assert decode.column(F.col("t.`x``y`.z")) == s.Attribute(("t", "x`y", "z"))
    with pytest.raises(Exception, match="INVALID_ATTRIBUTE_NAME_SYNTAX"):
        decode.column(F.col("a..b"))


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (F.col("a") + F.col("b"), "+"),
        (F.col("a") - F.col("b"), "-"),
        (F.col("a") == F.col("b"), "=="),
        (F.col("a") & F.col("b"), "and"),
        (F.col("a").eqNullSafe(F.col("b")), "<=>"),
        (F.col("a") % F.col("b"), "%"),
    ],
)
def test_operators(decode: Any, column: Any, name: str) -> None:
    """Operators are functions by Spark's spelling."""
    assert decode.column(column) == call(name, a, b)


def test_negation_and_membership(decode: Any) -> None:
    """~ is `!`; != is a negated ==; isin is `in`; between is two comparisons."""
    one, two = Literal(1, t.INT), Literal(2, t.INT)
    assert decode.column(~F.col("a")) == call("!", a)
    assert decode.column(F.col("a") != F.col("b")) == call("!", call("==", a, b))
    assert decode.column(F.col("a").isin(1, 2)) == call("in", a, one, two)
    between = call("and", call(">=", a, one), call("<=", a, two))
    assert decode.column(F.col("a").between(1, 2)) == between


@pytest.mark.parametrize(
    ("value", "stored", "type"),
    [
        (None, None, t.NULL),
        (True, True, t.BOOLEAN),
        (1, 1, t.INT),
        (1 << 40, 1 << 40, t.BIGINT),
        (1.5, 1.5, t.DOUBLE),
        ("x", "x", t.STRING),
        (b"x", b"x", t.BINARY),
        (datetime.date(1970, 1, 3), 2, t.DATE),
        (Decimal("-1.25"), -125, t.Decimal(10, 2)),
        (Decimal("1E+3"), 1000, t.Decimal(10, 0)),
        (Decimal("0.00012345678901"), 12345678901, t.Decimal(14, 14)),
        (
            datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC),
            1_000_000,
            t.TIMESTAMP,
        ),
        (datetime.timedelta(days=1), 86_400_000_000, t.DayTimeInterval()),
    ],
)
def test_literals(decode: Any, value: object, stored: object, type: t.Type) -> None:
    """Constants come in storage form, with Spark's types."""
    assert decode.column(F.lit(value)) == Literal(stored, type)


def test_case(decode: Any) -> None:
    """when chains are one CASE; the ELSE is optional."""
    one, two, three = (Literal(value, t.INT) for value in (1, 2, 3))
    case = F.when(F.col("a"), 1).when(F.col("b"), 2)
    assert decode.column(case) == s.CaseWhen(((a, one), (b, two)))
    assert decode.column(case.otherwise(3)) == s.CaseWhen(((a, one), (b, two)), three)


def test_casts(decode: Any) -> None:
    """A type may be an object or text; try_cast is marked."""
    from pyspark.sql.types import DecimalType

    assert decode.column(F.col("a").cast("date")) == s.CastTo(a, t.DATE)
    assert decode.column(F.col("a").cast(DecimalType(15, 2))) == s.CastTo(a, t.Decimal(15, 2))
    assert decode.column(F.col("a").try_cast("int")) == s.CastTo(a, t.INT, True)


def test_aliases_and_text(decode: Any) -> None:
    """Aliases may be several or carry metadata; expr() is SQL text."""
    assert decode.column(F.col("a").alias("x", metadata={"k": 1})) == s.Alias(a, ("x",), '{"k": 1}')
    assert decode.column(F.col("a").alias("x", "y")) == s.Alias(a, ("x", "y"))
    assert decode.column(F.expr("a + 1")) == s.Attribute(("sql a + 1",))


def test_windows(decode: Any) -> None:
    """Frames: unbounded is None, the current row 0, else a signed offset."""
    window = Window.partitionBy("a").orderBy(F.desc("b"))
    order = (s.Ordering(b, False, False),)
    assert decode.column(F.row_number().over(window)) == s.WindowOver(
        call("row_number"), (a,), order
    )
    rows = window.rowsBetween(-2, Window.currentRow)
    assert decode.column(F.sum("a").over(rows)) == s.WindowOver(
        call("sum", a), (a,), order, Frame("rows", -2, 0)
    )
    range_ = window.rangeBetween(Window.unboundedPreceding, 3)
    assert decode.column(F.sum("a").over(range_)) == s.WindowOver(
        call("sum", a), (a,), order, Frame("range", None, 3)
    )


def test_nested_values(decode: Any) -> None:
    """Items, fields, and changed or dropped fields."""
    zero = Literal(0, t.INT)
    assert decode.column(F.col("a")[0]) == s.Extract(a, zero)
    assert decode.column(F.col("a").getField("x")) == s.Extract(a, Literal("x", t.STRING))
    assert decode.column(F.col("a").withField("x", F.col("b"))) == s.UpdateField(a, "x", b)
    assert decode.column(F.col("a").dropFields("x")) == s.UpdateField(a, "x", None)


def test_lambdas(decode: Any) -> None:
    """The body names the parameters that the lambda declares."""
    match decode.column(F.transform("a", lambda x: x + 1)):
        case s.Function("transform", (argument, s.LambdaFunction((name,), body))):
            assert argument == a
            assert body == call("+", s.Attribute((name,)), Literal(1, t.INT))
        case other:
            raise AssertionError(other)


def test_regular_expressions_over_names(decode: Any) -> None:
    """colRegex is a pattern in backquotes, else a name."""
    df = decode.spark.table("t")
    assert decode.column(df.colRegex("`a.*`")) == s.RegexColumns("a.*")
    assert decode.column(df.colRegex("a")) == a


def test_functions_by_name(decode: Any) -> None:
    """call_function may name a function of the user's."""
    assert decode.column(F.call_function("my_f", F.col("a"))) == call("my_f", a)


def test_udf_of_another_process_is_unpickled(decode: Any) -> None:
    """Without a token the command is a pickle of the function."""
    from pyspark.sql.types import IntegerType

    udf = F.udf(lambda x: x + 1, IntegerType())
    match decode.column(udf(F.col("a"))):
        case s.PythonFunction("<lambda>", function, type, _, args, True):
            assert (function(1), type, args) == (2, t.INT, (a,))
        case other:
            raise AssertionError(other)


def test_udf_by_token_is_the_function_itself(decode: Any) -> None:
    """A token in the command gives the very object that the session holds."""
    from pyspark.sql.types import IntegerType

    from pyflare.engine.connect.expressions import decode_expression

    proto = F.udf(lambda x: x + 1, IntegerType())(F.col("a")).to_plan(decode.spark._client)
    proto.common_inline_user_defined_function.python_udf.command = b"token 1"
    decode.context.functions[b"token 1"] = len
    match decode_expression(proto, decode.context):
        case s.PythonFunction(function=function):
            assert function is len
        case other:
            raise AssertionError(other)


def test_origins_are_kept(decode: Any) -> None:
    """The client's call site comes along, for errors at run time."""
    from pyflare.engine.connect.expressions import decode_expression

    proto = (F.col("a") + 1).to_plan(decode.spark._client)
    proto.common.origin.python_origin.call_site = "script.py:3"
    proto.common.origin.python_origin.fragment = "__add__"
    match decode_expression(proto, decode.context):
        case s.Function("+", origin=origin):
            assert origin is not None
            assert (origin.call_site, origin.fragment) == ("script.py:3", "__add__")
        case other:
            raise AssertionError(other)


def test_long_sums(decode: Any) -> None:
    """A left-leaning tree of many operands needs no deep stack."""
    from pyflare.engine.connect.expressions import decode_expression

    proto = F.col("a").to_plan(decode.spark._client)
    for _ in range(400):
        outer = type(proto)()
        outer.unresolved_function.function_name = "+"
        # extend() would serialise, and protobuf reads no message nested deeper than 100
        outer.unresolved_function.arguments.add().CopyFrom(proto)
        outer.unresolved_function.arguments.add().literal.integer = 1
        proto = outer
    depth, tree = 0, decode_expression(proto, decode.context)
    while isinstance(tree, s.Function):
        tree = tree.args[0]
        depth += 1
    assert depth == 400
