"""Text: patterns, parts, search, padding, codecs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyflare.codegen.ir.expr import Case, Expr, Literal
from pyflare.codegen.ir.types import (
    BIGINT,
    BINARY,
    BOOLEAN,
    INT,
    STRING,
    Array,
    Binary,
    Integer,
    Null,
    String,
    Type,
)
from pyflare.engine.analyze.functions.signature import (
    Arguments,
    Builtin,
    Table,
    strict,
    text_or_bytes,
)

_MOST = 2_147_483_647


def pattern(function: str) -> Callable[[Arguments], Expr]:
    """like, ilike: the pattern and its escape are written in the query."""

    def build(a: Arguments) -> Expr:
        given = a.wants(1, STRING)
        if not isinstance(given, Literal):
            raise a.not_supported("with a pattern that depends on the row")
        escape = Literal("\\", STRING) if len(a) == 2 else a.args[2]
        if not isinstance(escape, Literal):
            raise a.non_foldable(2, "escape")
        return a.call(function, (a.wants(0, STRING), given, escape), BOOLEAN)

    return build


def like_any(function: str, every: bool, negated: bool) -> Callable[[Arguments], Expr]:
    """LIKE ANY / LIKE ALL: several patterns."""

    def build(a: Arguments) -> Expr:
        tests: list[Expr] = []
        for index in range(1, len(a)):
            given = a.wants(index, STRING)
            args = (a.wants(0, STRING), given, Literal("\\", STRING))
            test: Expr = a.call(function, args, BOOLEAN)
            tests.append(a.call("not", (test,), BOOLEAN) if negated else test)
        return tests[0] if len(tests) == 1 else a.call("and" if every else "or", tests, BOOLEAN)

    return build


def substring(a: Arguments) -> Expr:
    length = a.wants(2, INT) if len(a) == 3 else Literal(_MOST, INT)
    text = text_or_bytes(a, 0)
    return a.call("substring", (text, a.wants(1, INT), length), text.type)


def left(a: Arguments) -> Expr:
    """left(s, n): the first n characters"""
    text = text_or_bytes(a, 0)
    return a.call("substring", (text, Literal(1, INT), a.wants(1, INT)), text.type)


def right(a: Arguments) -> Expr:
    """right(s, n): the last n characters; none if n is not positive"""
    text, count = a.wants(0, STRING), a.wants(1, INT)
    from_end = a.call("substring", (text, a.call("neg", (count,), INT), count), STRING)
    none = a.call("le", (count, Literal(0, INT)), BOOLEAN)
    gone = a.call("is_null", (text,), BOOLEAN, False)
    empty = Literal("", STRING)
    return Case(((gone, Literal(None, STRING)), (none, empty)), from_end, STRING, True)


def trim(function: str, characters_first: bool) -> Callable[[Arguments], Expr]:
    """trim, ltrim, rtrim; btrim has its characters second"""

    def build(a: Arguments) -> Expr:
        if len(a) == 1:
            return a.call(function, (a.wants(0, STRING),), STRING)
        text, characters = (1, 0) if characters_first else (0, 1)
        return a.call(function, (a.wants(text, STRING), a.wants(characters, STRING)), STRING)

    return build


def length(a: Arguments) -> Expr:
    """characters of text, bytes of bytes"""
    text = text_or_bytes(a, 0)
    name = "octet_length" if isinstance(text.type, Binary) else "length"
    return a.call(name, (text,), INT)


def octet_length(a: Arguments) -> Expr:
    return a.call("octet_length", (text_or_bytes(a, 0),), INT)


def bit_length(a: Arguments) -> Expr:
    return a.call("mul", (octet_length(a), Literal(8, INT)), INT)


def concat(a: Arguments) -> Expr:
    """concat of texts, or of bytes; numbers are written out"""
    if not a.args:
        return Literal("", STRING)
    if any(isinstance(arg.type, Array) for arg in a.args):
        raise a.not_supported("of arrays")
    kind: Type = BINARY if all(isinstance(arg.type, Binary) for arg in a.args) else STRING
    args = [a.wants(index, kind) for index in range(len(a))]
    if len(args) == 1:
        return args[0]
    return a.call("concat", args, kind)


def concat_ws(a: Arguments) -> Expr:
    """concat_ws skips NULLs; only a NULL separator makes it NULL"""
    if any(isinstance(arg.type, Array) for arg in a.args):
        raise a.not_supported("of arrays")
    args = [a.wants(index, STRING) for index in range(len(a))]
    return a.call("concat_ws", args, STRING, args[0].nullable)


def replace(a: Arguments) -> Expr:
    new = a.wants(2, STRING) if len(a) == 3 else Literal("", STRING)
    return a.call("replace", (a.wants(0, STRING), a.wants(1, STRING), new), STRING)


def locate(a: Arguments) -> Expr:
    """locate(part, s, from)"""
    start = a.wants(2, INT) if len(a) == 3 else Literal(1, INT)
    return a.call("locate", (a.wants(0, STRING), a.wants(1, STRING), start), INT)


def instr(a: Arguments) -> Expr:
    if len(a) > 2:
        raise a.not_supported("from a position")
    args = (a.wants(1, STRING), a.wants(0, STRING), Literal(1, INT))
    return a.call("locate", args, INT)


def pad(function: str) -> Callable[[Arguments], Expr]:
    def build(a: Arguments) -> Expr:
        if isinstance(a[0].type, Binary):
            raise a.not_supported("of binary")
        padding = a.wants(2, STRING) if len(a) == 3 else Literal(" ", STRING)
        return a.call(function, (a.wants(0, STRING), a.wants(1, INT), padding), STRING)

    return build


def reverse(a: Arguments) -> Expr:
    if isinstance(a[0].type, Array):
        raise a.not_supported("of an array")
    if isinstance(a[0].type, Binary):
        raise a.not_supported("of binary")
    return a.call("reverse", (a.wants(0, STRING),), STRING)


def part_test(function: str) -> Callable[[Arguments], Expr]:
    """startswith, endswith, contains"""

    def build(a: Arguments) -> Expr:
        if all(isinstance(arg.type, Binary) for arg in a.args):
            raise a.not_supported("of binary")
        return a.call(function, (a.wants(0, STRING), a.wants(1, STRING)), BOOLEAN)

    return build


def rlike(a: Arguments) -> Expr:
    return a.call("rlike", (a.wants(0, STRING), a.wants(1, STRING)), BOOLEAN)


def regexp_replace(a: Arguments) -> Expr:
    if len(a) == 4 and a.constant(3, "pos") != 1:
        raise a.not_supported("from a position")
    args = [a.wants(index, STRING) for index in range(3)]
    return a.call("regexp_replace", args, STRING)


def regexp_extract(a: Arguments) -> Expr:
    group = a.wants(2, INT) if len(a) == 3 else Literal(1, INT)
    return a.call("regexp_extract", (a.wants(0, STRING), a.wants(1, STRING), group), STRING)


def regexp_substr(a: Arguments) -> Expr:
    """The first match; NULL if there is none (or an empty one)."""
    whole = (a.wants(0, STRING), a.wants(1, STRING), Literal(0, INT))
    match = a.call("regexp_extract", whole, STRING)
    empty = a.call("eq", (match, Literal("", STRING)), BOOLEAN)
    return Case(((empty, Literal(None, STRING)),), match, STRING, True)


def of_bytes(function: str, result: Type) -> Builtin:
    """A digest or codec of bytes; text is taken as its UTF-8."""

    def build(a: Arguments) -> Expr:
        return a.call(function, (a.wants(0, BINARY),), result)

    return Builtin(1, 1, build)


def sha2(a: Arguments) -> Expr:
    return a.call("sha2", (a.wants(0, BINARY), a.wants(1, INT)), STRING, True)


def hexadecimal(a: Arguments) -> Expr:
    if isinstance(a[0].type, Integer):
        return a.call("hex", (a.cast(a[0], BIGINT),), STRING)
    return a.call("hex", (text_or_bytes(a, 0),), STRING)


def soundex(a: Arguments) -> Expr:
    if not isinstance(a[0].type, String | Null):
        raise a.unexpected(0, '"STRING"')
    return a.call("soundex", (a.wants(0, STRING),), STRING)


def levenshtein(a: Arguments) -> Expr:
    if len(a) == 3:
        raise a.not_supported("with a threshold")
    return a.call("levenshtein", (a.wants(0, STRING), a.wants(1, STRING)), INT)


def space(a: Arguments) -> Expr:
    return a.call("repeat", (Literal(" ", STRING), a.wants(0, INT)), STRING)


def overlay(a: Arguments) -> Expr:
    """overlay(s, new, from, length): s with a part replaced"""
    text, new, start = a.wants(0, STRING), a.wants(1, STRING), a.wants(2, INT)
    if len(a) == 4 and not (isinstance(a[3], Literal) and a[3].value == -1):
        taken = a.wants(3, INT)
    else:
        taken = a.call("length", (new,), INT)
    one = Literal(1, INT)
    head = a.call("substring", (text, one, a.call("sub", (start, one), INT)), STRING)
    tail = a.call(
        "substring", (text, a.call("add", (start, taken), INT), Literal(_MOST, INT)), STRING
    )
    return a.call("concat", (head, new, tail), STRING)


def elt(a: Arguments) -> Expr:
    """elt(n, a, b, …): the n-th of the rest"""
    place = a.wants(0, INT)
    if not isinstance(place, Literal) or not isinstance(place.value, int):
        raise a.not_supported("with an index that depends on the row")
    if not 1 <= place.value < len(a):
        raise a.not_supported("with an index out of range")
    # Spark calls it nullable whatever it chooses
    chosen = (a.wants(place.value, STRING), Literal(None, STRING))
    return a.call("coalesce", chosen, STRING, True)


def text(function: str, count: int = 1, result: Type = STRING) -> Builtin:
    """A function of texts only."""
    wanted: Sequence[Type] = (STRING,) * count
    return strict(function, wanted, result)


TABLE: Table = {
    "like": Builtin(2, 3, pattern("like")),
    "ilike": Builtin(2, 3, pattern("ilike")),
    "rlike": Builtin(2, 2, rlike),
    "regexp": Builtin(2, 2, rlike),
    "regexp_like": Builtin(2, 2, rlike),
    "likeany": Builtin(2, None, like_any("like", every=False, negated=False)),
    "likeall": Builtin(2, None, like_any("like", every=True, negated=False)),
    "substring": Builtin(2, 3, substring),
    "substr": Builtin(2, 3, substring),
    "left": Builtin(2, 2, left),
    "right": Builtin(2, 2, right),
    "upper": text("upper"),
    "ucase": text("upper"),
    "lower": text("lower"),
    "lcase": text("lower"),
    "trim": Builtin(1, 2, trim("trim", characters_first=True)),
    "btrim": Builtin(1, 2, trim("trim", characters_first=False)),
    "ltrim": Builtin(1, 2, trim("ltrim", characters_first=True)),
    "rtrim": Builtin(1, 2, trim("rtrim", characters_first=True)),
    "length": Builtin(1, 1, length),
    "char_length": Builtin(1, 1, length),
    "character_length": Builtin(1, 1, length),
    "len": Builtin(1, 1, length),
    "octet_length": Builtin(1, 1, octet_length),
    "bit_length": Builtin(1, 1, bit_length),
    "concat": Builtin(0, None, concat),
    "||": Builtin(2, None, concat),
    "concat_ws": Builtin(1, None, concat_ws),
    "replace": Builtin(2, 3, replace),
    "locate": Builtin(2, 3, locate),
    "position": Builtin(2, 3, locate),
    "instr": Builtin(2, 4, instr),
    "lpad": Builtin(2, 3, pad("lpad")),
    "rpad": Builtin(2, 3, pad("rpad")),
    "repeat": strict("repeat", (STRING, INT), STRING),
    "space": Builtin(1, 1, space),
    "reverse": Builtin(1, 1, reverse),
    "initcap": text("initcap"),
    "ascii": text("ascii", result=INT),
    "chr": strict("chr", (BIGINT,), STRING),
    "char": strict("chr", (BIGINT,), STRING),
    "translate": text("translate", 3),
    "split_part": strict("split_part", (STRING, STRING, INT), STRING, nullable=True),
    "substring_index": strict("substring_index", (STRING, STRING, INT), STRING),
    "startswith": Builtin(2, 2, part_test("startswith")),
    "endswith": Builtin(2, 2, part_test("endswith")),
    "contains": Builtin(2, 2, part_test("contains")),
    "regexp_replace": Builtin(3, 4, regexp_replace),
    "regexp_extract": Builtin(2, 3, regexp_extract),
    "regexp_substr": Builtin(2, 2, regexp_substr),
    "base64": of_bytes("base64", STRING),
    "unbase64": text("unbase64", result=BINARY),
    "md5": of_bytes("md5", STRING),
    "sha": of_bytes("sha1", STRING),
    "sha1": of_bytes("sha1", STRING),
    "sha2": Builtin(2, 2, sha2),
    "crc32": of_bytes("crc32", BIGINT),
    "hex": Builtin(1, 1, hexadecimal),
    "unhex": text("unhex", result=BINARY),
    "levenshtein": Builtin(2, 3, levenshtein),
    "soundex": Builtin(1, 1, soundex),
    "overlay": Builtin(3, 4, overlay),
    "elt": Builtin(2, None, elt),
}
