"""Makes programs of the C code in a documentation page: `doc_blocks.py PAGE FOLDER`.

Each section (##) with C code becomes one program, NAME.doc.c. Blocks that begin with #include or static stand at its top; the others
follow each other in main(). The very first top block of the page stands at the top of every program. A block with a main() of its own
is a program as it stands.
"""

import re
import sys
from pathlib import Path


def programs(page: str) -> dict[str, str]:
    found = {}
    prelude = None
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        name = re.sub(r"\W+", "-", section.splitlines()[0].strip().lower())
        blocks = re.findall(r"^```c\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
        for number, whole in enumerate(block for block in blocks if "int main(" in block):
            found[f"{name}-{number + 1}"] = whole
        blocks = [block for block in blocks if "int main(" not in block]
        tops = [block for block in blocks if re.match(r"#include|static ", block)]
        if not blocks:
            continue
        if prelude is None:
            prelude = tops.pop(0)
            blocks = [block for block in blocks if block is not prelude]
        body = "".join(block for block in blocks if not any(block is top for top in tops))
        found[name] = "".join([prelude, *tops, "\nint main(void) {\n", body, "return 0;\n}\n"])
    return found


def main() -> None:
    page, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    found = programs(page.read_text())
    if not found:
        sys.exit(f"doc_blocks: no programs in {page}; are its sections still written with ##?")
    for name, text in found.items():
        (folder / f"{name}.doc.c").write_text(text)


if __name__ == "__main__":
    main()
