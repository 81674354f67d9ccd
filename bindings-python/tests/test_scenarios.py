"""The scenarios that every language runs, and the lists that they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
import tegata

import stub
from scenarios import CORE_TESTS, HANDLES, Broken, python_name, run

SCENARIOS = sorted((CORE_TESTS / "scenarios").glob("*.json"))
OPERATIONS: List[Dict[str, Any]] = json.loads((CORE_TESTS / "operations.json").read_text())
WRONG: List[Dict[str, Any]] = json.loads((CORE_TESTS / "wrong-scenarios.json").read_text())
ELSEWHERE = {
    "Error.table": "error_table",
    "Statement.message": "statement_message",
}


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenario(file: Path, tmp_path: Path) -> None:
    run(json.loads(file.read_text()), tmp_path)


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) > 60


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_wrong_scenario_fails(wrong: Dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises((Broken, AssertionError, KeyError, ValueError, TypeError, AttributeError)):
        run(wrong, tmp_path)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operation"])
def test_operation_is_there_with_its_parameters(operation: Dict[str, Any]) -> None:
    area, _, name = operation["operation"].rpartition(".")
    if operation["operation"] in ELSEWHERE:
        assert ELSEWHERE[operation["operation"]] in stub.FUNCTIONS
        return
    if name == "len":
        assert stub.method(area, "__len__")
        return
    if area == "":
        function = stub.FUNCTIONS[name]
    elif name == "new":
        assert getattr(tegata, area)
        return
    else:
        owner = area.capitalize() if area in HANDLES or area == "registry" else area
        assert hasattr(getattr(tegata, owner), python_name(name))
        found = stub.method(owner, python_name(name))
        assert found, f"{owner}.{name} is not in the stub"
        function = found
    wanted = [python_name(parameter["name"]) for parameter in operation["parameters"]]
    got = [parameter.arg for parameter in stub.parameters(function)]
    if operation["operation"] in ("events.export", "events.export_log"):
        assert sorted(got) == sorted(wanted)
        return
    wanted += ["atomicity", "progress"] if operation["bulk"] else []
    wanted += ["actor", "request_id"] if operation["call"] else []
    assert got == wanted


def test_error_codes_and_kinds_are_those_of_the_core() -> None:
    table = {reason.code: reason.kind for reason in tegata.error_table()}
    assert table == tegata.codes.KIND_OF
    assert tuple(table) == tegata.codes.CODES
    for kind in set(table.values()):
        assert issubclass(getattr(tegata, f"{kind}Error"), tegata.Error)


def test_words_are_those_of_the_literal_types() -> None:
    from typing import get_args

    from tegata import _native, _types

    words = dict(_native._words())
    kinds = words.pop("ErrorKind")
    assert set(kinds) == set(tegata.codes.KINDS)
    for name, values in words.items():
        assert get_args(getattr(_types, name)) == tuple(values), name
