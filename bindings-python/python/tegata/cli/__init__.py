"""The command line: `python -m tegata init|product|enrol|renew|revoke|list|crl|export|...`, and `--help`.

A registry is a folder with two files: `registry.db`, the store, and `sealing.key`, without which the store's secrets stay
shut. Keep the two apart in backups. With `--store` or `TEGATA_STORE`, the store is at that address instead of in the folder.

Exit codes: 0 done, 1 refused or found broken (the error's code is on stderr, with `--json` as an object), 2 wrong usage, 3 a
file that cannot be read or written.
"""

from __future__ import annotations

import json
import sys
from typing import List, Optional

from .. import Error
from .commands import parser
from .output import Printer
from .upkeep import Tampered

DONE, REFUSED, USAGE, FILES = 0, 1, 2, 3


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs one command. The result is the exit code."""
    options = parser().parse_args(arguments)
    printer = Printer(options.json)
    try:
        options.run(options, printer)
    except Error as error:
        if options.json:
            print(json.dumps({"error": {"code": error.code, "kind": error.kind, "message": error.message}}), file=sys.stderr)
        else:
            print(f"error: {error}", file=sys.stderr)
        return REFUSED
    except Tampered as found:
        told = {"error": {"code": None, "kind": "corrupt", "message": str(found)}}
        print(json.dumps(told) if options.json else f"error: {found}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        return FILES
    except (OSError, UnicodeDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FILES
    except (ValueError, OverflowError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE
    printer.flush()
    return DONE
