"""The exceptions: one class for each kind of trouble, and a stable code in each exception."""

from __future__ import annotations

from typing import Dict, Type

from .codes import ErrorCode, ErrorKind


class Error(Exception):
    """A refusal or a failure. The text says what to do; `code` says which one it is, and never changes its meaning."""

    code: ErrorCode
    """The stable code, such as ``csr.signature_invalid``. `tegata.codes` lists all."""
    kind: ErrorKind
    """What kind of trouble it is; the subclass says the same."""

    def __init__(self, message: str, code: ErrorCode, kind: ErrorKind) -> None:
        super().__init__(message, code, kind)
        self.code = code
        self.kind = kind

    @property
    def message(self) -> str:
        """What happened and what to do, without the code."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InvalidInputError(Error):
    """What was given cannot be read or is not allowed."""


class RefusedError(Error):
    """A rule says no."""


class NotFoundError(Error):
    """There is no such thing."""


class ConflictError(Error):
    """Something else has it already, or changed it meanwhile."""


class StateError(Error):
    """Not in the state that it is in."""


class UnauthenticatedError(Error):
    """Who asks did not prove who they are."""


class UnavailableError(Error):
    """Not now: something that is needed does not answer."""


class CorruptError(Error):
    """What is stored is damaged, or belongs to another key."""


class UnsupportedError(Error):
    """Not in this build or version."""


class InternalError(Error):
    """A defect of the library, of the store or of a signer."""


_CLASSES: Dict[str, Type[Error]] = {
    "InvalidInput": InvalidInputError,
    "Refused": RefusedError,
    "NotFound": NotFoundError,
    "Conflict": ConflictError,
    "State": StateError,
    "Unauthenticated": UnauthenticatedError,
    "Unavailable": UnavailableError,
    "Corrupt": CorruptError,
    "Unsupported": UnsupportedError,
    "Internal": InternalError,
}


def make(message: str, code: ErrorCode, kind: ErrorKind) -> Error:
    """The exception for an error of the core."""
    return _CLASSES.get(kind, Error)(message, code, kind)
