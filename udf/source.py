"""The syntax tree of a Python function object, found again in its source file or notebook cell."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def syntax_tree(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda | None:
    """The definition of `function`; None when its source is not to be had or is ambiguous."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None
    tree = parse_fragment(source)
    if tree is None:
        return None
    code = getattr(function, "__code__", None)
    candidates = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and same_code(node, code)
    ]
    return candidates[0] if len(candidates) == 1 else None


def parse_fragment(source: str) -> ast.AST | None:
    """The tree of a statement that may be cut off at the end, as inspect gives it for lambdas."""
    for text in (source, source.rstrip().rstrip(","), f"({source.strip().rstrip(',')})"):
        try:
            return ast.parse(text)
        except SyntaxError:
            continue
    start = source.find("lambda")
    for end in range(len(source), start, -1) if start >= 0 else ():
        try:
            return ast.parse(source[start:end].strip(), mode="eval")
        except SyntaxError:
            continue
    return None


def same_code(node: ast.FunctionDef | ast.Lambda, code: Any) -> bool:
    """Does the definition compile to this code object, line numbers and closures aside?"""
    name = node.name if isinstance(node, ast.FunctionDef) else "<lambda>"
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    return (
        code is not None
        and code.co_name == name
        and list(code.co_varnames[: code.co_argcount]) == names
        and (isinstance(node, ast.FunctionDef) or lambda_names(node) >= set(code.co_names))
        and (isinstance(node, ast.FunctionDef) or lambda_constants(node) == constants(code))
    )


def lambda_names(node: ast.Lambda) -> set[str]:
    return {n.id for n in ast.walk(node.body) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(node.body) if isinstance(n, ast.Attribute)
    }


def lambda_constants(node: ast.Lambda) -> set[str]:
    compiled = compile(ast.Expression(node), "<lambda>", "eval")
    inner = next(c for c in compiled.co_consts if hasattr(c, "co_code"))
    return constants(inner)


def constants(code: Any) -> set[str]:
    return {repr(c) for c in code.co_consts if not hasattr(c, "co_code")}
