"""Texts of reports, and the errors about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from lat_sr.errors import ToolFailedError

NANOSECONDS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6}


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a report.

    Parameters
    ----------
    name : str
        Of the file, for errors.
    text : str
    log : str
        What the tool printed; its last lines become part of errors.
    """

    name: str
    text: str
    log: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise self.fail("is empty: the tool was stopped, or the disk is full")

    @classmethod
    def read(cls, path: Path, log: str = "") -> Source:
        """Read a file.

        Raises
        ------
        ToolFailedError
            It is missing, empty, or cannot be read.
        """
        try:
            return cls(path.name, path.read_text(encoding="utf-8"), log)
        except FileNotFoundError as error:
            raise ToolFailedError(f"the tool ended without writing {path.name}", log) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ToolFailedError(f"{path} cannot be read: {error}", log) from error

    def fail(self, message: str) -> ToolFailedError:
        """The error that says what is wrong with this report."""
        return ToolFailedError(f"{self.name} {message}", self.log)

    def number(self, text: str, place: str, *, negative: bool = False) -> float:
        """A finite number.

        Parameters
        ----------
        text : str
        place : str
            What the number is, for errors.
        negative : bool
            Whether it may be below 0.
        """
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (value < 0 and not negative):
            wanted = "a number" if negative else "a number >= 0"
            raise self.fail(f"holds {text!r} for {place} where {wanted} is expected")
        return value

    def count(self, text: str, place: str) -> int:
        """A whole number that is not negative."""
        value = self.number(text, place)
        if value != int(value):
            raise self.fail(f"holds {value:g} for {place} where a whole number is expected")
        return int(value)

    def nanoseconds_of(self, unit: str, place: str) -> float:
        """How many nanoseconds a unit is."""
        if unit not in NANOSECONDS:
            raise self.fail(f"gives {place} in {unit!r}; known units are {', '.join(NANOSECONDS)}")
        return NANOSECONDS[unit]
