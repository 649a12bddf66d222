"""flare(…), and models as functions of the default session."""

from __future__ import annotations

from typing import Any

from pyflare.engine.connect.activate import check_installation, flare_session
from pyflare.engine.errors import unsupported


def flare(query: Any) -> Any:
    """A DataFrame: of SQL text on the default session; a PyFlare DataFrame is itself."""
    if isinstance(query, str):
        return default_session().sql(query)
    if isinstance(getattr(query, "sparkSession", None), flare_session()):
        return query
    if hasattr(query, "_jdf"):
        raise unsupported(
            "flare(df) of a DataFrame that a JVM made",
            "make it on a PyFlare session: pyflare.activate(), or pyflare.SparkSession.builder",
        )
    raise TypeError(f"flare takes SQL text or a DataFrame, not {type(query).__name__}")


def default_session() -> Any:
    """The active PyFlare session, made on first use."""
    check_installation()
    return flare_session().builder.getOrCreate()


def register_model(name: str, model: Any, *, output: str = "label") -> None:
    """Makes a fitted model a function of SQL: SELECT name(a, b) …"""
    from pyspark.util import PythonEvalType

    from pyflare.engine.plan.syntax import PythonFunction
    from pyflare.udf.compile import import_model

    imported = import_model(name, model, output)
    function = PythonFunction(
        name, imported, imported.result, PythonEvalType.SQL_BATCHED_UDF, args=()
    )
    default_session()._flare.functions[name.lower()] = function


def model(model: Any, *, name: str = "model", output: str = "label") -> Model:
    """A fitted model as a function of columns and of tables."""
    from pyflare.udf.compile import import_model

    return Model(import_model(name, model, output))


class Model:
    """`m("a", "b")` is a column; `m.predict(table)` scores an Arrow table or pandas frame."""

    def __init__(self, function: Any) -> None:
        self.function = function

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the model's inputs, in order."""
        names: tuple[str, ...] = tuple(self.function.model.inputs)
        return names

    def __call__(self, *columns: Any) -> Any:
        """The prediction for each row; without arguments, of the columns named as the inputs."""
        from pyspark.sql.connect.column import Column
        from pyspark.sql.connect.expressions import CommonInlineUserDefinedFunction, PythonUDF
        from pyspark.sql.connect.functions import builtin
        from pyspark.util import PythonEvalType

        from pyflare.engine.types import type_to_spark

        result = type_to_spark(self.function.result)
        udf = PythonUDF(result, PythonEvalType.SQL_BATCHED_UDF, self.function, "3")
        given = columns or self.inputs
        arguments = [builtin._to_col(column)._expr for column in given]
        call = CommonInlineUserDefinedFunction(self.function.name, udf, True, arguments)
        return Column(call)

    def predict(self, table: Any) -> Any:
        """The predictions for all rows of `table`, as a pyarrow.ChunkedArray."""
        frame = default_session().createDataFrame(table)
        return frame.select(self(*frame.columns).alias("prediction")).toArrow().column(0)

    def __repr__(self) -> str:
        return f"<model {self.function.name}({', '.join(self.inputs)})>"
