"""Every exception that lat_sr raises on purpose.

Each derives from `LatSrError` and from the built-in class a caller would expect: `ValueError` where the
input is wrong, `RuntimeError` where the world around the program is.
"""

from __future__ import annotations

__all__ = [
    "BudgetError",
    "ExpressionError",
    "FormatError",
    "InputError",
    "LatSrError",
    "MissingToolError",
    "OperatorError",
    "PrecisionError",
    "ProfileError",
    "ProfileNotFoundError",
    "StorageError",
    "ToolError",
    "ToolFailedError",
    "ToolTimeoutError",
    "VerificationError",
]


class LatSrError(Exception):
    """Base of every error of this package."""


class InputError(LatSrError, ValueError):
    """The data or an argument is not usable."""


class PrecisionError(InputError):
    """A fixed-point format is malformed, unknown or too wide."""


class OperatorError(InputError):
    """An operator is unknown, or is used with the wrong number of operands."""


class ExpressionError(InputError):
    """An expression cannot be parsed or lowered."""


class FormatError(InputError):
    """A file is corrupt, is of another kind, or was written by a newer version."""


class BudgetError(InputError):
    """No expression can meet the budget."""


class ProfileError(LatSrError, RuntimeError):
    """An operator profile cannot be made or used."""


class ProfileNotFoundError(ProfileError, ValueError):
    """The store has no profile for this target and precision, or the profile lacks an operator."""


class StorageError(LatSrError, RuntimeError):
    """A file or directory cannot be read or written."""


class ToolError(LatSrError, RuntimeError):
    """An external tool did not do its work."""


class MissingToolError(ToolError):
    """An external tool is not installed."""


class ToolFailedError(ToolError):
    """An external tool stopped with an error.

    Parameters
    ----------
    message : str
        What was run and how it ended.
    log : str, optional
        What the tool printed. Its last lines become part of the message.
    """

    log_lines = 15

    def __init__(self, message: str, log: str = "") -> None:
        self.log = log
        tail = "\n".join(log.rstrip().splitlines()[-self.log_lines :])
        super().__init__(f"{message}\n{tail}" if tail else message)

    def __reduce__(self) -> tuple[type[ToolFailedError], tuple[str, str], dict[str, object]]:
        # Builds run in worker processes: the message must not grow each time the error is pickled.
        return type(self), (str(self), ""), {"log": self.log}


class ToolTimeoutError(ToolError):
    """An external tool was stopped because it took too long."""


class VerificationError(LatSrError, RuntimeError):
    """A built circuit misses its budget, its clock or a bit."""
