"""What a store of your own is asked, what it answers, and what it may raise.

A store is any object with the six methods of `tegata.Store`. `check_store(make)` puts it through everything that a store
must do; run it in your tests.
"""

from __future__ import annotations

from ._native import (
    Column,
    Counter,
    Cursor,
    Filter,
    Query,
    Row,
    RowPage,
    RowRef,
    Schema,
    Table,
    Tally,
    Write,
    check_store,
)
from ._types import Store


class StoreFailure(Exception):
    """What a store raises to say what went wrong. Any other exception becomes `store.backend`."""

    _store_error: str


class Conflict(StoreFailure):
    """A write of a commit does not meet what it expects, or a unique value is taken. Nothing was written."""

    _store_error = "conflict"

    def __init__(self, write: int) -> None:
        super().__init__(f"write {write} collides")
        self.write = write
        """The index of the first write that collides."""


class Unavailable(StoreFailure):
    """Not now, perhaps later: becomes `store.unavailable`, with this text."""

    _store_error = "unavailable"


class Corrupt(StoreFailure):
    """What is stored is damaged: becomes `store.corrupt`. The text says where."""

    _store_error = "corrupt"


class ReadOnly(StoreFailure):
    """It can be read but not written: becomes `store.read_only`."""

    _store_error = "read-only"


class Full(StoreFailure):
    """There is no more space: becomes `store.full`."""

    _store_error = "full"


class Busy(StoreFailure):
    """Too many changes at the same time: becomes `store.busy`."""

    _store_error = "busy"


class SchemaTooNew(StoreFailure):
    """A later version wrote it: becomes `store.schema`."""

    _store_error = "schema"

    def __init__(self, found: int, supported: int) -> None:
        super().__init__(f"schema {found}, of which {supported} is supported")
        self.found = found
        self.supported = supported


__all__ = [
    "Busy",
    "Column",
    "Conflict",
    "Corrupt",
    "Counter",
    "Cursor",
    "Filter",
    "Full",
    "Query",
    "ReadOnly",
    "Row",
    "RowPage",
    "RowRef",
    "Schema",
    "SchemaTooNew",
    "Store",
    "StoreFailure",
    "Table",
    "Tally",
    "Unavailable",
    "Write",
    "check_store",
]
