"""What commands print: lines for people, or one JSON document."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Dict, List, Optional

Record = Dict[str, Any]


def text(time: Optional[datetime]) -> Optional[str]:
    """A moment, as the registry writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


class Printer:
    """Collects what a command has to say."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._document: Any = None

    def one(self, record: Record) -> None:
        """One thing."""
        if self.as_json:
            self._document = record
            return
        width = max((len(name) for name in record), default=0)
        for name, value in record.items():
            if value is not None:
                print(f"{name:<{width}}  {value}")

    def many(self, records: List[Record]) -> None:
        """A list of things, a line each."""
        if self.as_json:
            self._document = records
            return
        if not records:
            return
        rows = [list(records[0])] + [["-" if value is None else str(value) for value in one.values()] for one in records]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())

    def flush(self) -> None:
        if self.as_json:
            print(json.dumps(self._document, indent=2))
