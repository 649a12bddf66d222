"""df.write: the rows of a query as part files in a folder, all of them or none.

Tables of saveAsTable are such folders in the warehouse, with a name in the catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyflare.engine.plan import syntax as s
from pyflare.engine.storage.write.command import write_folder
from pyflare.engine.storage.write.folder import remove_folder
from pyflare.engine.storage.write.tables import write_table

if TYPE_CHECKING:
    from pyflare.engine.session import Session

__all__ = ["remove_folder", "write"]


def write(command: s.Write, session: Session) -> None:
    """Runs df.write.save, saveAsTable or insertInto."""
    if command.table is not None:
        write_table(command, session)
    else:
        write_folder(command, session)
