"""String functions that are evaluated in Python, by Spark's rules."""

from __future__ import annotations

import base64 as codec
import binascii
import hashlib
import re
import zlib
from typing import Any

from pyflare.codegen.emit.context import Failure
from pyflare.codegen.functions.callbacks import by_python
from pyflare.codegen.interpret.failure import Fails
from pyflare.codegen.ir.expr import Call

LONGEST = (1 << 31) - 1 - 15


def replace(call: Call, s: str, search: str, new: str) -> str:
    """An empty search changes nothing."""
    return s.replace(search, new) if search else s


def locate(call: Call, part: str, s: str, position: int) -> int:
    """1-based from a position; 0 if it is not there or the position is not positive."""
    if position < 1:
        return 0
    if not part:
        return 1
    return s.find(part, position - 1) + 1


def padded(call: Call, s: str, size: int, pad: str) -> str:
    """Cut or filled to `size` characters; an empty pad only cuts."""
    if size <= 0:
        return ""
    if size <= len(s) or not pad:
        return s[:size]
    missing = size - len(s)
    fill = (pad * (missing // len(pad) + 1))[:missing]
    return fill + s if call.function == "lpad" else s + fill


def initcap(call: Call, s: str) -> str:
    """Each word between spaces begins with a capital, the rest is lower case."""
    words = s.lower().split(" ")
    return " ".join(word[:1].title() + word[1:] if word else word for word in words)


def ascii_(call: Call, s: str) -> int:
    return ord(s[0]) if s else 0


def chr_(call: Call, code: int) -> str:
    """The character of the lowest 8 bits; none for a negative number."""
    return "" if code < 0 else chr(code & 0xFF)


def translate(call: Call, s: str, matching: str, replacing: str) -> str:
    """Characters replaced one for one; those without a partner are dropped."""
    table: dict[int, str | None] = {}
    for index, char in enumerate(matching):
        table.setdefault(ord(char), replacing[index] if index < len(replacing) else None)
    return s.translate(table)


def split_part(call: Call, s: str, separator: str, number: int) -> str:
    if number == 0:
        raise Fails(Failure.INVALID_INPUT)
    parts = s.split(separator) if separator else [s]
    index = number - 1 if number > 0 else len(parts) + number
    return parts[index] if 0 <= index < len(parts) else ""


def substring_index(call: Call, s: str, separator: str, count: int) -> str:
    """What stands before the count-th separator, or after it from the end."""
    if not separator or count == 0:
        return ""
    if count > 0:
        at = -1
        for _ in range(count):
            at = s.find(separator, at + 1)
            if at < 0:
                return s
        return s[:at]
    at = len(s) - len(separator) + 1
    for _ in range(-count):
        at = s.rfind(separator, 0, max(at - 1 + len(separator), 0))
        if at < 0:
            return s
    return s[at + len(separator) :]


def concat_ws(call: Call, separator: str | None, *parts: str | None) -> str | None:
    """NULL parts are left out; a NULL separator is NULL."""
    if separator is None:
        return None
    return separator.join(part for part in parts if part is not None)


def hexadecimal(call: Call, value: Any) -> str:
    if isinstance(value, int):
        return f"{value & 0xFFFFFFFFFFFFFFFF:X}"
    data = value.encode() if isinstance(value, str) else value
    return str(data.hex().upper())


def unhex(call: Call, s: str) -> bytes | None:
    """NULL for a text that is no hexadecimal number; an odd one has a zero before it."""
    if not re.fullmatch("[0-9A-Fa-f]*", s):
        return None
    return bytes.fromhex(s if len(s) % 2 == 0 else "0" + s)


def base64(call: Call, data: bytes) -> str:
    """In lines of 76 characters, as MIME has it."""
    encoded = codec.b64encode(data).decode()
    return "\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))


def unbase64(call: Call, s: str) -> bytes:
    """Letters outside of the alphabet are skipped, as Java's MIME decoder does."""
    kept = re.sub("[^A-Za-z0-9+/]", "", s)
    try:
        return binascii.a2b_base64(kept + "=" * (-len(kept) % 4))
    except binascii.Error:
        raise Fails(Failure.INVALID_INPUT) from None


def md5(call: Call, data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha1(call: Call, data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def sha2(call: Call, data: bytes, bits: int) -> str | None:
    """SHA-224, -256 (also 0), -384, -512; NULL for any other number."""
    digests = {0: "sha256", 224: "sha224", 256: "sha256", 384: "sha384", 512: "sha512"}
    name = digests.get(bits)
    return None if name is None else hashlib.new(name, data).hexdigest()


def levenshtein(call: Call, x: str, y: str) -> int:
    """The least number of insertions, deletions and changes of a character."""
    row = list(range(len(y) + 1))
    for i, p in enumerate(x, 1):
        previous, row[0] = row[0], i
        for j, q in enumerate(y, 1):
            changed = previous + (p != q)
            previous, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1]


SOUNDEX = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230127022455012623017202", strict=True)
)  # 7: H and W, which do not part equal codes


def soundex(call: Call, s: str) -> str:
    """A letter and three digits; a text that does not begin with a letter stays."""
    if not (s[:1].isascii() and s[:1].isalpha()):
        return s
    first = s[0].upper()
    result, last = first, SOUNDEX[first]
    for char in s[1:]:
        if not (char.isascii() and char.isalpha()):
            last = "0"
            continue
        code = SOUNDEX[char.upper()]
        if code == "7":
            continue
        if code != "0" and code != last:
            result += code
            if len(result) == 4:
                break
        last = code
    return result.ljust(4, "0")


by_python("replace", replace)
by_python("locate", locate)
by_python("lpad", padded)
by_python("rpad", padded)
by_python("repeat", lambda call, s, times: s * max(times, 0))
by_python("initcap", initcap)
by_python("ascii", ascii_)
by_python("chr", chr_)
by_python("translate", translate)
by_python("split_part", split_part, Failure.INVALID_INPUT)
by_python("substring_index", substring_index)
by_python("concat_ws", concat_ws, strict=False)
by_python("hex", hexadecimal)
by_python("unhex", unhex)
by_python("base64", base64)
by_python("unbase64", unbase64, Failure.INVALID_INPUT)
by_python("md5", md5)
by_python("sha1", sha1)
by_python("sha2", sha2)
by_python("crc32", lambda call, data: zlib.crc32(data))
by_python("levenshtein", levenshtein)
by_python("soundex", soundex)
