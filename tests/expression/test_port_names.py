import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.expression import Variable, parse
from lat_sr.expression.port_names import port_names
from lat_sr.operators import OPERATORS


@pytest.mark.no_cover
@given(
    st.lists(
        st.one_of(st.text(max_size=8), st.sampled_from(["x", "X", "sin", "E", "wire", "a b", "a_b", "a_b_2"]))
    )
)
def test_names_are_legal_distinct_in_any_case_and_parse_as_variables(names):
    ports = port_names(names)
    assert len(ports) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", port) for port in ports)
    assert len({port.lower() for port in ports}) == len(ports)
    assert all(port.lower() not in OPERATORS for port in ports)
    for port in ports:
        assert parse(port) == Variable(port)


@pytest.mark.parametrize("name", ["j_mass_mmdt", "x0", "x15", "fLength", "pt1", "M2"])
def test_legal_names_stay_as_they_are(name):
    assert port_names([name]) == (name,)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("Δφ", "delta" + "phi"),
        ("m²", "m2"),
        ("", "f"),
        ("__", "f"),
        ("begin", "f_begin"),
        ("END", "f_END"),
        ("exp", "f_exp"),
        ("OO", "f_OO"),
        ("Infinity", "f_Infinity"),
        ("2nd", "f_2nd"),
        (3, "f_3"),
        ("été", "ete"),
    ],
)
def test_other_names_are_made_legal(name, port):
    assert port_names([name]) == (port,)
