"""The documentation's code runs, and its types hold."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE + (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
COMMANDS = re.findall(r"^\$ (python -m tegata .*)$", PAGE, re.M)


def test_there_is_code() -> None:
    assert len(BLOCKS) >= 5 and len(COMMANDS) >= 5


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_block(block: str, tmp_path: Path) -> None:
    file = tmp_path / "block.py"
    file.write_text(block, encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", str(file)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir=/dev/null", str(file)]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_commands(tmp_path: Path) -> None:
    for command in COMMANDS:
        done = subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((\.\./[^)#]+)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
