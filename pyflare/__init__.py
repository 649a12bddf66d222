"""PySpark without the JVM, compiled to native loops.

    from pyflare import flare
    flare("SELECT 1 AS one").show()

Names are imported when first used: `import pyflare` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyflare.engine.connect.activate import activate, deactivate
    from pyflare.engine.connect.spark import FlareSession as SparkSession
    from pyflare.engine.front import flare, model, register_model
    from pyflare.engine.settings import settings

__version__ = "0.1.0"
__all__ = [
    "SparkSession", "activate", "deactivate", "flare", "model", "register_model", "settings",
]  # fmt: skip

_HOMES = {
    "activate": "pyflare.engine.connect.activate",
    "deactivate": "pyflare.engine.connect.activate",
    "flare": "pyflare.engine.front",
    "model": "pyflare.engine.front",
    "register_model": "pyflare.engine.front",
    "settings": "pyflare.engine.settings",
}


def __getattr__(name: str) -> Any:
    if name == "SparkSession":
        from pyflare.engine.connect.activate import check_installation, flare_session

        check_installation()
        value: Any = flare_session()
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
