"""Runs the scenarios of core/tests/scenarios; the README there is the reference.

How JSON becomes an argument is read from the stub of the extension module: so the runner knows of no operation, and a
wrong stub shows.
"""

from __future__ import annotations

import ast
import base64
import io
import keyword
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional

import tegata
from tegata import FixedClock, MemoryStore, Options, Registry, SoftwareSealer

import stub

CORE_TESTS = Path(__file__).resolve().parents[2] / "core" / "tests"
HANDLES = (
    "authorities",
    "profiles",
    "products",
    "devices",
    "groups",
    "certificates",
    "psks",
    "keys",
    "campaigns",
    "clients",
    "ocsp",
    "events",
)
ABSENT = object()


class Broken(Exception):
    """The scenario is wrong, or a result differs from what it expects."""


def python_name(name: str) -> str:
    """A name of Rust as Python writes it."""
    return name + "_" if keyword.iskeyword(name) else name


class Shown(Dict[str, Any]):
    """A result with what was seen besides."""

    def __init__(self, value: Any, fields: Dict[str, Any]) -> None:
        super().__init__(fields)
        self.value = value


def time_of(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def attribute(value: Any, name: str) -> Any:
    """A field, an item, or what a method without arguments gives."""
    if isinstance(value, (tegata.SecretBytes, tegata.SecretText)):
        value = value.expose()
    if isinstance(value, dict):
        return value.get(name, ABSENT)
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, list):
        return value[int(name)]
    if name == "ok":
        # An item of a bulk call is its result or an exception.
        return value
    if name == "len" and hasattr(value, "__len__"):
        return len(value)
    found = getattr(value, python_name(name), ABSENT)
    return found() if callable(found) else found


class World:
    """A scenario while it runs."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self.clock = FixedClock.at(now)
        self.stored: Dict[str, Any] = {"clock": self.clock}
        self._registry: Optional[Registry] = None

    @property
    def registry(self) -> Registry:
        if self._registry is None:
            options = Options(clock=self.clock)
            self._registry = Registry.open(MemoryStore(), SoftwareSealer.generate(), options)
        return self._registry

    # --- values ---------------------------------------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """A reference's object, or the value itself."""
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        if value.startswith("$$"):
            return value[1:]
        name, *path = value[1:].split(".")
        if name not in self.stored:
            raise Broken(f"nothing is stored as {name}")
        found = self.stored[name]
        for part in path:
            found = attribute(found, part)
            if found is ABSENT:
                raise Broken(f"{value}: there is no {part}")
        return found

    def octets(self, value: Any) -> bytes:
        value = plain(self.resolve(value))
        if isinstance(value, bytes):
            return value
        if isinstance(value, dict) and len(value) == 1:
            if "base64" in value:
                return base64.b64decode(value["base64"])
            if "text" in value:
                text = plain(self.resolve(value["text"]))
                return text.encode() if isinstance(text, str) else bytes(text)
            if "concat" in value:
                return b"".join(self.octets(part) for part in value["concat"])
        raise Broken(f"is not bytes: {value!r}")

    def path(self, value: Dict[str, str]) -> str:
        path = self.folder / value["temp"]
        if "content" in value:
            path.write_text(value["content"], encoding="utf-8")
        return str(path)

    def argument(self, value: Any, annotation: Optional[ast.expr]) -> Any:
        """JSON as an argument of this type."""
        value = self.resolve(value)
        if isinstance(annotation, ast.BinOp):
            members = _members(annotation)
            if value is None:
                return None
            return self.argument(value, members[0])
        if isinstance(annotation, ast.Subscript):
            return self._collection(value, annotation)
        name = annotation.id if isinstance(annotation, ast.Name) else ""
        if isinstance(value, dict) and "temp" in value:
            return self.path(value)
        if name in ("Octets", "GivenBytes", "Readable"):
            return self.octets(value)
        if name == "datetime" and isinstance(value, str):
            return time_of(value)
        if name in stub.CLASSES and (value is None or isinstance(value, dict)):
            return self.made(name, value or {})
        return plain(value) if name in ("str", "GivenText") else value

    def _collection(self, value: Any, annotation: ast.Subscript) -> Any:
        kind = annotation.value.id if isinstance(annotation.value, ast.Name) else ""
        inner = annotation.slice
        items = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
        if kind == "dict":
            return {key: self.argument(item, items[1]) for key, item in value.items()}
        if kind == "tuple":
            return tuple(self.argument(item, of) for item, of in zip(value, items))
        if kind == "PathLike":
            return value
        return [self.argument(item, items[-1]) for item in value or []]

    def made(self, class_name: str, fields: Dict[str, Any]) -> Any:
        """An object of options, or one variant of a sum type."""
        cls = getattr(tegata, class_name)
        if "type" in fields:
            variant = python_name(fields["type"].replace("-", "_"))
            function = stub.method(class_name, variant)
            rest = {name: value for name, value in fields.items() if name != "type"}
            make = getattr(cls, variant)
        else:
            function, rest, make = stub.method(class_name, "__new__"), fields, cls
        if function is None:
            raise Broken(f"{class_name} cannot be made from {fields}")
        return make(**self.arguments(function, rest))

    def arguments(self, function: ast.FunctionDef, given: Dict[str, Any]) -> Dict[str, Any]:
        """JSON as keyword arguments. What is left out is nothing, or all defaults."""
        types = {parameter.arg: parameter.annotation for parameter in stub.parameters(function)}
        made = {}
        for name, value in given.items():
            if python_name(name) not in types:
                raise Broken(f"{function.name} has no parameter {name}")
            made[python_name(name)] = self.argument(value, types[python_name(name)])
        for name in stub.required(function):
            if name not in made:
                made[name] = self.absent(types[name])
        return made

    def absent(self, annotation: Optional[ast.expr]) -> Any:
        if isinstance(annotation, ast.Subscript):
            return []
        name = annotation.id if isinstance(annotation, ast.Name) else ""
        if name in ("Octets", "str"):
            return b"" if name == "Octets" else ""
        return self.argument(None, annotation)

    # --- calls ----------------------------------------------------------------------------------------------------

    def call(self, step: Dict[str, Any]) -> Any:
        area, _, name = step["call"].rpartition(".")
        given = dict(step.get("args", {}))
        extra: Dict[str, Any] = {key: step[key] for key in ("actor", "request_id", "atomicity") if key in step}
        if area == "":
            return self.invoke(getattr(tegata, name), stub.FUNCTIONS[name], given, extra)
        if area in HANDLES or area == "registry":
            handle = self.registry if area == "registry" else getattr(self.registry, area)
            if step["call"] == "events.export":
                return self.export(given)
            if step["call"] in ("events.export_log", "events.prune", "registry.maintain"):
                return self.archived(step["call"], handle, given, extra)
            function = stub.method(type(handle).__name__, python_name(name))
            return self.invoke(getattr(handle, python_name(name)), function, given, extra)
        return self.on_type(step, area, name, given)

    def invoke(self, call: Any, function: Optional[ast.FunctionDef], given: Dict[str, Any], extra: Dict[str, Any]) -> Any:
        if function is None:
            raise Broken("it is not in the stub")
        return call(**self.arguments(function, given), **extra)

    def export(self, given: Dict[str, Any]) -> Dict[str, Any]:
        out = io.BytesIO()
        filter_ = self.argument(given.get("filter"), ast.Name("EventFilter"))
        count = self.registry.events.export(out, filter_)
        return {"count": count, "text": out.getvalue().decode()}

    def archived(self, call: str, handle: Any, given: Dict[str, Any], extra: Dict[str, Any]) -> Any:
        """What writes to a file, which is shown along with the result."""
        out = io.BytesIO()
        if call == "events.export_log":
            count = handle.export_log(out, given.get("from"))
            return {"count": count, "text": out.getvalue().decode()}
        if call == "events.prune":
            return handle.prune(self.argument(given["before"], ast.Name("datetime")), out, **extra)
        done = handle.maintain(self.argument(given.get("retention"), ast.Name("Retention")), out, **extra)
        names = ("looked_at", "removed", "freed", "finished", "total")
        shown = {name: getattr(done, name) for name in names}
        return Shown(done, {**shown, "archived": out.getvalue().count(b"\n")})

    def on_type(self, step: Dict[str, Any], type_name: str, name: str, given: Dict[str, Any]) -> Any:
        if step["call"] == "Error.table":
            return tegata.error_table()
        if step["call"] == "Statement.message":
            return tegata.statement_message(self.resolve(step["on"]), self.octets(given["content"]))
        if name == "new":
            return self.made(type_name, given)
        if "on" not in step:
            function = stub.method(type_name, name)
            made = self.invoke(getattr(getattr(tegata, type_name), name), function, given, {})
            if step["call"] == "Registry.open":
                self._registry = made
                return None
            return made
        on = self.resolve(step["on"])
        on = on.value if isinstance(on, Shown) else on
        if isinstance(on, dict):
            on = self.made(type_name, on)
        if type(on).__name__ != type_name:
            raise Broken(f"it is called on {type(on).__name__}")
        if name == "len":
            return len(on)
        function = stub.method(type_name, name)
        if function is None:
            raise Broken("it is not in the stub")
        if stub.is_property(function):
            return getattr(on, name)
        return self.invoke(getattr(on, name), function, given, {})

    # --- expectations ---------------------------------------------------------------------------------------------

    def differences(self, expected: Any, actual: Any, path: str = "result") -> List[str]:
        """Where the result is not as expected."""
        expected = self.resolve(expected)
        actual = plain(actual)
        if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
            return self.operator(expected, actual, path)
        if isinstance(expected, dict) and isinstance(actual, bytes):
            return [] if self.octets(expected) == actual else [f"{path} is {actual!r}"]
        if isinstance(expected, dict):
            return self.fields(expected, actual, path)
        if isinstance(expected, (list, tuple)):
            if not isinstance(actual, list):
                return [f"{path} is {actual!r}, not a list"]
            if len(actual) != len(expected):
                return [f"{path} has {len(actual)} items instead of {len(expected)}"]
            pairs = enumerate(zip(expected, actual))
            return [text for at, (e, a) in pairs for text in self.differences(e, a, f"{path}.{at}")]
        expected = plain(expected)
        same = type(expected) is type(actual) and expected == actual
        return [] if same else [f"{path} is {actual!r} instead of {expected!r}"]

    def fields(self, expected: Dict[str, Any], actual: Any, path: str) -> List[str]:
        if set(expected) == {"error"}:
            code = actual.code if isinstance(actual, tegata.Error) else None
            return [] if code == expected["error"] else [f"{path} is {actual!r} instead of {expected}"]
        if set(expected) == {"ok"}:
            if isinstance(actual, tegata.Error):
                return [f"{path} is refused: {actual}"]
            return self.differences(expected["ok"], actual, path)
        if actual is None or isinstance(actual, (str, int, list)):
            return [f"{path} is {actual!r} instead of {expected}"]
        found = []
        for name, value in expected.items():
            field = attribute(actual, name)
            if field is ABSENT:
                found.append(f'{path} has no "{name}"')
            else:
                found += self.differences(value, field, f"{path}.{name}")
        return found

    def operator(self, expected: Dict[str, Any], actual: Any, path: str) -> List[str]:
        if len(expected) != 1:
            raise Broken(f"{path}: an operator stands alone in its object")
        (name, operand), = expected.items()
        operand = operand if name in ("$not", "$contains") else plain(self.resolve(operand))
        if name == "$set":
            empty = actual is None or (not isinstance(actual, (bool, int)) and _length(actual) == 0)
            holds = empty is not operand
        elif name == "$len":
            holds = _length(actual) == operand
        elif name == "$match":
            holds = isinstance(actual, str) and re.fullmatch(operand, actual) is not None
        elif name == "$begins":
            holds = isinstance(actual, str) and actual.startswith(operand)
        elif name == "$ends":
            holds = isinstance(actual, str) and actual.endswith(operand)
        elif name == "$holds":
            holds = isinstance(actual, str) and operand in actual
        elif name == "$not":
            holds = bool(self.differences(operand, actual, path))
        elif name == "$contains":
            holds = isinstance(actual, list) and all(
                any(not self.differences(wanted, item) for item in actual) for wanted in operand
            )
        else:
            raise Broken(f"{path}: there is no operator {name}")
        return [] if holds else [f"{path} is {actual!r}, against {expected}"]


def _members(annotation: ast.expr) -> List[ast.expr]:
    if isinstance(annotation, ast.BinOp):
        return _members(annotation.left) + _members(annotation.right)
    return [annotation]


def _length(value: Any) -> Optional[int]:
    return len(value) if hasattr(value, "__len__") else None


def plain(value: Any) -> Any:
    """Secrets as what they hold, times as text, tuples as lists."""
    if isinstance(value, (tegata.SecretBytes, tegata.SecretText)):
        return value.expose()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return list(value) if isinstance(value, tuple) else value


def run(scenario: Dict[str, Any], folder: Path) -> None:
    """Runs one. Raises `Broken` with the step that fails."""
    world = World(folder, time_of(scenario.get("clock", "2026-01-01T00:00:00Z")))
    for number, step in enumerate(scenario["steps"], 1):
        if "advance" in step:
            world.clock.advance(step["advance"])
            continue
        where = f"step {number}, {step['call']}: "
        try:
            result = world.call(step)
        except tegata.Error as error:
            if error.code != step.get("error"):
                raise Broken(f"{where}refused with {error.code} instead of {step.get('error')}: {error}") from error
            continue
        except (Broken, TypeError, ValueError, AttributeError) as error:
            raise Broken(f"{where}{type(error).__name__}: {error}") from error
        if "error" in step:
            raise Broken(f"{where}not refused with {step['error']} but {result!r}")
        if "expect" in step:
            found = world.differences(step["expect"], result)
            if found:
                raise Broken(where + "; ".join(found))
        if "as" in step:
            world.stored[step["as"]] = result
