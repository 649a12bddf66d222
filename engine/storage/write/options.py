"""The options of df.write, by Spark's names without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyflare.engine.errors import illegal_argument, unsupported


class Options:
    """Reads options; those that would change what is written and are unknown to us are refused."""

    def __init__(self, pairs: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        self._values = {key.lower(): value for key, value in dict(pairs).items()}

    def text(self, name: str, default: str) -> str:
        return self._values.get(name.lower(), default)

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.get(name.lower())
        if value is None:
            return default
        if value.lower() not in ("true", "false"):
            raise unsupported(f"the value {value!r} of the option {name}", "use true or false")
        return value.lower() == "true"

    def number(self, name: str, default: int) -> int:
        value = self._values.get(name.lower())
        if value is None:
            return default
        if not value.lstrip("-").isdigit():
            raise unsupported(f"the value {value!r} of the option {name}", "use a number")
        return int(value)

    def refuse(self, *names: str) -> None:
        """Options of Spark's that we do not have; silence would write something else."""
        for name in names:
            if name.lower() in self._values:
                raise unsupported(f"the option {name} of df.write")

    def only(self, name: str, *supported: str) -> None:
        """An option of which only some values are supported."""
        value = self._values.get(name.lower())
        if value is not None and value.lower() not in supported:
            raise unsupported(f"the value {value!r} of the option {name} of df.write")

    def codec(self, default: str, known: Iterable[str]) -> str:
        """The compression; CODEC_NOT_AVAILABLE for a name that Spark does not know either."""
        name = self.text("compression", self.text("codec", default)).lower()
        if name not in known:
            raise illegal_argument(
                "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
                {"codecName": name, "availableCodecs": ", ".join(sorted(known))},
            )
        return name
