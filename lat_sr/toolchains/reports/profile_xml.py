"""The XML documents of the vendor's HLS tools, whose root is ``<profile>``."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports.source import Source

# What the tools print where a figure depends on data, or is not known.
_UNKNOWN = ("undef", "?", "-", "", "NA")


class ProfileXml:
    """Figures of a document by their places in it.

    Parameters
    ----------
    source : Source

    Raises
    ------
    ToolFailedError
        It is cut off, damaged, or another document.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self._root = ElementTree.fromstring(source.text)
        except ElementTree.ParseError as error:
            raise source.fail(f"is cut off or damaged ({error})") from error
        if self._root.tag != "profile":
            raise source.fail(
                f"holds <{self._root.tag}> where <profile> is expected: another report, or an unknown format"
            )

    def fail(self, message: str) -> ToolFailedError:
        """The error that says what is wrong with this document."""
        return self._source.fail(message)

    def find(self, place: str) -> str | None:
        """Text at a place; None where there is none."""
        found = self._root.findtext(place)
        return None if found is None else found.strip()

    def text(self, place: str) -> str:
        """Text at a place that must be there."""
        found = self.find(place)
        if found is None:
            raise self.fail(f"has no {place}: it is cut off, or of an unknown format")
        return found

    def require_unit(self, section: str, unit: str) -> None:
        """Refuse a section that is not in the unit."""
        found = self.text(f"{section}/unit")
        if found != unit:
            raise self.fail(f"gives {section} in {found!r} where {unit!r} is expected")

    def nanoseconds(self, section: str, name: str, unit: str | None = None) -> float:
        """A time of a section, in the unit that the section names.

        Parameters
        ----------
        section, name : str
        unit : str, optional
            Of sections that need not name one.
        """
        found = self.text(f"{section}/unit") if unit is None else self.find(f"{section}/unit") or unit
        scale = self._source.nanoseconds_of(found, section)
        place = f"{section}/{name}"
        return self._source.number(self.text(place), place) * scale

    def cycles(self, place: str) -> int | None:
        """Clock cycles; None where the tool does not know them."""
        found = self.text(place)
        return None if found in _UNKNOWN else self._source.count(found, place)

    def known(self, place: str) -> bool:
        """Whether there is something else at a place than the mark of an unknown figure."""
        return self.text(place) not in _UNKNOWN

    def count(self, section: str, names: Sequence[str], default: int | None = None) -> int:
        """The number under the first of the names that the section has."""
        for name in names:
            place = f"{section}/{name}"
            found = self.find(place)
            if found is not None:
                return self._source.count(found, place)
        if default is None:
            raise self.fail(
                f"has no {' or '.join(names)} in {section}: it is cut off, or of an unknown format"
            )
        return default
