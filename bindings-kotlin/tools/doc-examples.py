#!/usr/bin/env python3
"""Takes the Kotlin blocks out of a page of the documentation: doc-examples.py PAGE.md OUT

Each block becomes a file of its own with a main function around it; imports come first. A block that begins with `// continued`
continues the one before it, as readers would.
"""

import pathlib
import re
import sys

page, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
stories = []
for block in re.findall(r"^```kotlin\n(.*?)^```", page.read_text(), re.M | re.S):
    if block.startswith("// continued"):
        stories[-1] += block
    else:
        stories.append(block)
if not stories:
    sys.exit(f"{page} has no Kotlin")
for number, story in enumerate(stories, 1):
    lines = story.splitlines()
    imports = sorted({line for line in lines if line.startswith("import ")})
    body = "\n".join("    " + line for line in lines if not line.startswith("import "))
    text = "package docs\n\n" + "\n".join(imports) + f"\n\nfun main() {{\n{body}\n}}\n"
    (out / f"{page.stem.title()}{number}.kt").write_text(text)
