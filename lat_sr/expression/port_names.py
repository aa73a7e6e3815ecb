"""Names of features as names of ports: legal in Verilog, VHDL and C++, and no operator of a formula."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from lat_sr.operators import OPERATORS

__all__ = ["port_names"]

# Keywords of IEEE 1364/1800 (Verilog, SystemVerilog), IEEE 1076 (VHDL) and ISO C++ that a physicist's column
# could be called by, the ports that every circuit has, and the names that sympy reads as constants. Compared in
# lower case, for VHDL knows no other.
_RESERVED = frozenset(
    """
    abs access after alias all always and architecture array assert assign attribute auto begin block body bool
    bit break buffer bus byte case casex casez catch cell char class clk clock component config configuration
    const constant constraint continue cover default define delete design disable disconnect do double downto edge
    else elsif end endcase endclass endfunction endgenerate endmodule endtask entity enum event exit explicit export
    expect extends extern false file final first_match float for force foreach forever fork friend function generate
    generic goto group guarded if iff ifnone impure import in inertial initial inline inout input inside instance
    int integer interface is join label library linkage liblist list literal local localparam logic long loop map
    matches mod module mutable namespace nand negedge new next nmos noise nor not null of on open operator or others
    out output package parameter pmos port posedge postponed primitive priority private procedure process program
    property protected public pull0 pull1 pure rand range real realtime record ref reg register reject release rem
    repeat report reset return rol ror rst scalar sample select sequence severity shared short signal signed sizeof
    sla sll solve specify sra srl static string strong struct subtype super supply0 supply1 switch table tagged
    task template then this throw time timer to transport tri triand trior true try type typedef typename unaffected
    union unique units unsigned until use using var variable vector virtual void volatile wait wand weak when while
    wildcard wire with within wor xnor xor
    e i im inf infinity nan oo pi zoo
    """.split()  # noqa: SIM905
)


def port_names(names: Sequence[object]) -> tuple[str, ...]:
    r"""Legal and distinct port names for features.

    Letters outside ASCII lose their accents or become their Unicode names' last words; every other character
    becomes an underscore; a name that is reserved, means an operator, or begins with a digit gets the prefix
    ``f_``; a name that is already taken (in any case, as VHDL reads it) gets a number.

    Parameters
    ----------
    names : sequence
        Names of the features, in order.

    Returns
    -------
    tuple of str
        As many, matching ``[A-Za-z][A-Za-z0-9_]*``.

    Examples
    --------
    >>> from lat_sr.expression.port_names import port_names
    >>> port_names(["pT [GeV]", "η", "signal", "1st", "pt", "PT"])
    ('pT_GeV', 'eta', 'f_signal', 'f_1st', 'pt', 'PT_2')
    """
    taken: set[str] = set()
    result = []
    for name in names:
        text = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_]", "_", _ascii(str(name)))).strip("_")
        if not text or not text[0].isalpha() or text.lower() in _RESERVED or text.lower() in OPERATORS:
            text = f"f_{text}".rstrip("_")
        distinct, number = text, 2
        while distinct.lower() in taken:
            distinct, number = f"{text}_{number}", number + 1
        taken.add(distinct.lower())
        result.append(distinct)
    return tuple(result)


def _ascii(text: str) -> str:
    parts = []
    for character in unicodedata.normalize("NFKD", text):
        if character.isascii():
            parts.append(character)
        elif character.isalpha():
            # "GREEK SMALL LETTER ETA" is best known by its last word.
            parts.append(unicodedata.name(character, "_").split()[-1].lower())
        elif not unicodedata.combining(character):
            parts.append("_")
    return "".join(parts)
