"""Operator profiles: what every operator costs at one precision on one target, measured or published."""

from lat_sr.profiles.measurement import profile
from lat_sr.profiles.model import OperatorCost, OperatorProfile, Provenance
from lat_sr.profiles.store import list_profiles, load_library, load_profile, profile_path

__all__ = [
    "OperatorCost",
    "OperatorProfile",
    "Provenance",
    "list_profiles",
    "load_library",
    "load_profile",
    "profile",
    "profile_path",
]
