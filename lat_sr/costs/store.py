"""The store of profiles: shipped ones, and those measured on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.costs.profile import OperatorProfile
from lat_sr.errors import ProfileNotFoundError
from lat_sr.files import cache_directory, operator_profiles_directory, read_json, validated
from lat_sr.precision import Precision

DEFAULT_PART = "xcvu9p-flga2577-2-e"
LIBRARY_FILE = "primitives.json"


def profile_path(
    part: str, toolchain: str, toolchain_version: str, clock_period: float, precision: Precision | str
) -> Path:
    """Place of a profile, relative to the store's directory.

    Examples
    --------
    >>> profile_path("xcvu9p", "open", "0.70", 5.0, "ap_fixed<16,6>").as_posix()
    'xcvu9p/open-0.70/5ns/ap_fixed_16_6.json'
    """
    slug = Precision.parse(precision).slug
    return Path(part) / f"{toolchain}-{toolchain_version}" / f"{clock_period:g}ns" / f"{slug}.json"


def store_directories() -> list[Path]:
    """Directories that are searched: profiles measured here first, then the shipped ones."""
    return [cache_directory() / "operator_profiles", operator_profiles_directory()]


def list_profiles() -> list[Path]:
    """Every profile of the store."""
    return [
        path
        for directory in store_directories()
        for path in sorted(directory.glob("*/*/*ns/*.json"))
        if not path.name.startswith(".") and not path.name.endswith(".partial.json")
    ]


def load_profile(
    precision: Precision | str,
    *,
    part: str = DEFAULT_PART,
    clock_period: float = 5.0,
    toolchain: str = "auto",
) -> OperatorProfile:
    """Find a profile in the store.

    Parameters
    ----------
    precision : Precision or str
    part : str
    clock_period : float
        Nanoseconds.
    toolchain : str
        ``"auto"`` takes the open toolchain's.

    Returns
    -------
    OperatorProfile

    Raises
    ------
    ProfileNotFoundError
        There is none; the message names the nearest that exists.
    """
    precision = Precision.parse(precision)
    wanted = "open" if toolchain == "auto" else toolchain
    found = [_Key.of(path) for path in list_profiles()]
    for key in found:
        if key.matches(part, wanted, clock_period, precision):
            return OperatorProfile.load(key.path)
    what = f"no profile of {precision} for {part} at {clock_period:g} ns with the {wanted} toolchain"
    if not found:
        raise ProfileNotFoundError(f"{what}, and the store is empty; measure one with lat_sr.profile")
    nearest = min(found, key=lambda key: key.distance(part, wanted, clock_period, precision))
    raise ProfileNotFoundError(
        f"{what}; the nearest is {nearest}. Use that one, or measure this one with "
        f"lat_sr.profile('{precision}', part='{part}', clock_period={clock_period:g})"
    )


def load_library(*, part: str = DEFAULT_PART, toolchain: str = "open") -> DelayLibrary:
    """Delay library of a part: what the scheduled latency model and the open toolchain place registers with.

    Parameters
    ----------
    part : str
    toolchain : str

    Raises
    ------
    ProfileNotFoundError
        The store has none for the part.
    """
    parts = []
    for directory in store_directories():
        for path in _newest_first(directory.glob(f"*/{toolchain}-*/{LIBRARY_FILE}")):
            parts.append(path.parent.parent.name)
            if parts[-1] == part:
                return validated(DelayLibrary, read_json(path, "lat_sr.delay_library", 1), str(path))
    raise ProfileNotFoundError(
        f"no delay library of {part} for the {toolchain} toolchain; there is one for {sorted(set(parts)) or 'no part'}"
    )


def _newest_first(libraries: Iterable[Path]) -> list[Path]:
    """Libraries by part, those of newer versions of the tool before older ones: 0.100 is newer than 0.70."""

    def age(path: Path) -> tuple[str, tuple[int, ...]]:
        version = path.parent.name.rsplit("-", 1)[-1]
        return path.parent.parent.name, tuple(int(number) for number in re.findall(r"\d+", version))

    return sorted(libraries, key=age, reverse=True)


class _Key:
    """What the path of a profile says of it."""

    def __init__(self, path: Path, part: str, toolchain: str, clock_period: float, slug: str) -> None:
        self.path = path
        self.part = part
        self.toolchain = toolchain
        self.clock_period = clock_period
        self.slug = slug

    @classmethod
    def of(cls, path: Path) -> _Key:
        part, toolchain, clock = path.parts[-4:-1]
        try:
            period = float(clock.removesuffix("ns"))
        except ValueError:
            period = float("nan")
        return cls(path, part, toolchain.rsplit("-", 1)[0], period, path.stem)

    def matches(self, part: str, toolchain: str, clock_period: float, precision: Precision) -> bool:
        return (self.part, self.toolchain, self.slug) == (part, toolchain, precision.slug) and (
            abs(self.clock_period - clock_period) < 1e-9
        )

    def distance(
        self, part: str, toolchain: str, clock_period: float, precision: Precision
    ) -> tuple[bool, bool, float, float]:
        """Another part is further away than another toolchain, that than another precision or clock."""
        return (
            self.part != part,
            self.toolchain != toolchain,
            _difference(self.slug, precision),
            abs(self.clock_period - clock_period),
        )

    def __str__(self) -> str:
        return f"{self.slug} for {self.part} at {self.clock_period:g} ns with {self.toolchain}"


def _difference(slug: str, precision: Precision) -> float:
    numbers: Iterator[str] = (part for part in slug.split("_") if part.isdigit())
    width, integer = (int(number) for number in (next(numbers, "0"), next(numbers, "0")))
    return abs(width - precision.width) + abs(integer - precision.integer) + 0.1 * (slug != precision.slug)
