"""What the stub of the extension module says about arguments: which classes, which types."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, List, Optional

import tegata

Function = ast.FunctionDef


def _read() -> ast.Module:
    return ast.parse((Path(tegata.__file__).parent / "_native.pyi").read_text())


_MODULE = _read()
CLASSES: Dict[str, ast.ClassDef] = {node.name: node for node in _MODULE.body if isinstance(node, ast.ClassDef)}
FUNCTIONS: Dict[str, Function] = {node.name: node for node in _MODULE.body if isinstance(node, Function)}


def method(class_name: str, name: str) -> Optional[Function]:
    """The method or property of this name."""
    for node in CLASSES[class_name].body:
        if isinstance(node, Function) and node.name == name:
            return node
    return None


def is_property(function: Function) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "property" for node in function.decorator_list)


def parameters(function: Function) -> List[ast.arg]:
    """All parameters but the object itself."""
    arguments = function.args
    every = arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    return [argument for argument in every if argument.arg not in ("self", "cls")]


def required(function: Function) -> List[str]:
    """The names of the parameters without a default."""
    arguments = function.args
    places = [a.arg for a in arguments.posonlyargs + arguments.args]
    without = places[: len(places) - len(arguments.defaults)]
    without += [a.arg for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is None]
    return [name for name in without if name not in ("self", "cls")]
