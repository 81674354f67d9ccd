"""A store in dictionaries, about as short as a store can be: a pattern for stores of your own."""

from __future__ import annotations

import threading
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from tegata.store import (
    Conflict,
    Counter,
    Cursor,
    Filter,
    Query,
    Row,
    RowPage,
    RowRef,
    Schema,
    SchemaTooNew,
    Table,
    Tally,
    Write,
)

Value = Union[None, int, str, bytes]
Kept = Tuple[int, List[Value]]
"""What is kept of a row: its version and its values."""
LAST = 2**63 - 1


def signed(key: int) -> int:
    """Keys are ordered as if they had a sign."""
    return key - 2**64 if key > LAST else key


def matches(value: Any, wanted: Filter) -> bool:
    if wanted.type == "eq":
        return bool(value == wanted.value)
    if value is None:
        return False
    if wanted.type == "in":
        return value in wanted.values
    if wanted.type == "range":
        least, below = wanted.least, wanted.below
        return (least is None or value >= least) and (below is None or value < below)
    if wanted.type == "prefix":
        return bool(value.startswith(wanted.value))
    text = value.hex().upper() if isinstance(value, bytes) else value
    return bool(wanted.value in text)


class DictionaryStore:
    """Keeps everything in memory, under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._tables: Dict[str, Table] = {}
        self._rows: Dict[str, Dict[int, Kept]] = {}
        self._counters: Dict[Counter, int] = {}

    def migrate(self, schema: Schema) -> None:
        with self._lock:
            if self._version > schema.version:
                raise SchemaTooNew(self._version, schema.version)
            self._version = schema.version
            for table in schema.tables:
                old = self._tables.get(table.name)
                names = [column.name for column in old.columns] if old else []
                rows = self._rows.setdefault(table.name, {})
                for key, (version, values) in rows.items():
                    known = dict(zip(names, values))
                    rows[key] = (version, [known.get(column.name) for column in table.columns])
                self._tables[table.name] = table

    def reserve(self, counter: Counter, count: int) -> range:
        with self._lock:
            first = self._counters.get(counter, 0) + 1
            if first + count > LAST:
                raise OverflowError(f"the counter {counter.name} is used up")
            self._counters[counter] = first + count - 1
            return range(first, first + count)

    def get(self, rows: List[RowRef]) -> List[Optional[Row]]:
        with self._lock:
            return [self._row(row.table, row.key) for row in rows]

    def find(self, query: Query) -> RowPage:
        with self._lock:
            at = self._place(query.table, query.order) if query.order else None

            def place(key: int, kept: Kept) -> Tuple[Any, int]:
                return (kept[1][at] if at is not None else 0, signed(key))

            found = [(place(key, kept), key) for key, kept in self._passing(query.table, query.filters)]
            found = [(where, key) for where, key in found if where[0] is not None]
            found.sort(reverse=query.descending)
            total = len(found) if query.total else None
            if query.after is not None:
                last = (query.after.value if at is not None else 0, signed(query.after.key))
                found = [item for item in found if (item[0] < last if query.descending else item[0] > last)]
            page = found[: query.limit]
            following = None
            if len(found) > len(page):
                where, key = page[-1]
                following = Cursor(where[0] if at is not None else None, key)
            rows = [row for _, key in page for row in [self._row(query.table, key)] if row]
            return RowPage(rows, following, total)

    def count(self, tally: Tally) -> Sequence[Tuple[Value, int]]:
        with self._lock:
            counts: Dict[Any, int] = {}
            passing = list(self._passing(tally.table, tally.filters))
            if tally.by is None:
                return [(None, len(passing))]
            at = self._place(tally.table, tally.by)
            for _, (_, values) in passing:
                value = values[at]
                if tally.bucket is not None and isinstance(value, int):
                    value = max(value // tally.bucket * tally.bucket, -LAST - 1)
                counts[value] = counts.get(value, 0) + 1
            nothing = [(None, counts.pop(None))] if None in counts else []
            return nothing + sorted(counts.items())

    def commit(self, writes: List[Write]) -> None:
        with self._lock:
            rows = {name: dict(table) for name, table in self._rows.items()}
            counters = dict(self._counters)
            for index, write in enumerate(writes):
                if not self._apply(write, rows, counters):
                    raise Conflict(index)
            self._rows, self._counters = rows, counters

    def _place(self, table: str, column: str) -> int:
        return [one.name for one in self._tables[table].columns].index(column)

    def _row(self, table: str, key: int) -> Optional[Row]:
        kept = self._rows[table].get(key)
        return None if kept is None else Row(table, key, kept[0], kept[1])

    def _passing(self, table: str, filters: List[Filter]) -> Iterator[Tuple[int, Kept]]:
        wanted = [(self._place(table, one.column), one) for one in filters]
        for key, kept in self._rows[table].items():
            if all(matches(kept[1][at], one) for at, one in wanted):
                yield key, kept

    def _apply(self, write: Write, tables: Dict[str, Dict[int, Kept]], counters: Dict[Counter, int]) -> bool:
        """Does one write on the copy, or tells that it collides."""
        if write.type == "add":
            assert write.counter is not None and write.by is not None and write.at_most is not None
            number = counters.get(write.counter, 0) + write.by
            counters[write.counter] = number
            return 0 <= number <= min(write.at_most, LAST)
        assert write.table is not None and write.key is not None
        rows = tables[write.table]
        old = rows.get(write.key)
        if write.expect == "absent" and old is not None:
            return False
        if write.expect == "version" and (old is None or old[0] != write.version):
            return False
        if write.type == "delete":
            rows.pop(write.key, None)
        elif write.type == "put":
            assert write.values is not None
            for at, column in enumerate(self._tables[write.table].columns):
                value = write.values[at]
                if column.unique and value is not None:
                    if any(key != write.key and kept[1][at] == value for key, kept in rows.items()):
                        return False
            rows[write.key] = (old[0] + 1 if old else 1, list(write.values))
        return True
