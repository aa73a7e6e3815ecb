"""What operators cost: profiles of operators, delays of primitives, and where both are stored. Data only."""

from __future__ import annotations

from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.costs.profile import OperatorCost, OperatorProfile, Provenance
from lat_sr.costs.store import list_profiles, load_library, load_profile, profile_path

__all__ = [
    "DelayLibrary",
    "OperatorCost",
    "OperatorProfile",
    "Provenance",
    "list_profiles",
    "load_library",
    "load_profile",
    "profile_path",
]
