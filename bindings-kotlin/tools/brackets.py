#!/usr/bin/env python3
"""Whether every bracket of Swift files is closed by its like: a coarse check where no compiler is. brackets.py FILES"""

import pathlib
import re
import sys

PAIRS = {")": "(", "]": "[", "}": "{"}
# Comments and plain strings; an interpolation is a string's content here.
BLANK = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def problem(text):
    opened = []
    for match in re.finditer(r"[][(){}\n]", BLANK.sub(lambda m: "\n" * m[0].count("\n"), text)):
        if match[0] in "([{":
            opened.append(match[0])
        elif match[0] in PAIRS and (not opened or opened.pop() != PAIRS[match[0]]):
            return f"{match[0]} closes nothing"
    return f"{opened[-1]} is never closed" if opened else None


assert problem("func f() { g(1 }") and problem("a {") and not problem('a { "}" /* ( */ }')
for name in sys.argv[1:]:
    if found := problem(pathlib.Path(name).read_text()):
        sys.exit(f"{name}: {found}")
