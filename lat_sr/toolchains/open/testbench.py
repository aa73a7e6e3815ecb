"""Self-checking test benches: vectors in, results compared, PASS or FAIL printed."""

from __future__ import annotations

from collections.abc import Sequence

_VERILOG = """\
// Streams the vectors of vectors.hex through the circuit, one in every clock cycle, and compares what comes out
// {latency} cycles later with expected.hex. Run it in the directory of these files. Prints PASS or FAIL.
`timescale 1 ns / 1 ps

module testbench;
  localparam integer VECTORS = {vectors};
  localparam integer LATENCY = {latency};

  reg clk = 1'b0;
  reg [{input_high}:0] stimulus [0:VECTORS-1];
  reg [{output_high}:0] expected [0:VECTORS-1];
  reg [{input_high}:0] model_inp;
  wire [{output_high}:0] model_out;
  integer i;
  integer failures = 0;

  top dut (.clk(clk), .model_inp(model_inp), .model_out(model_out));

  initial begin
    $readmemh("vectors.hex", stimulus);
    $readmemh("expected.hex", expected);
    for (i = 0; i < VECTORS + LATENCY; i = i + 1) begin
      if (i >= LATENCY && model_out !== expected[i-LATENCY]) begin
        failures = failures + 1;
        if (failures <= 10)
          $display("vector %0d: %h instead of %h", i - LATENCY, model_out, expected[i-LATENCY]);
      end
      model_inp = i < VECTORS ? stimulus[i] : {{{input_bits}{{1'b0}}}};
      #{half:.3f} clk = 1'b1;
      #{half:.3f} clk = 1'b0;
    end
    if (failures == 0) $display("PASS: %0d vectors, every bit as expected, latency %0d", VECTORS, LATENCY);
    else $display("FAIL: %0d of %0d vectors differ", failures, VECTORS);
    $finish;
  end
endmodule
"""

_VHDL = """\
-- Streams the vectors of vectors.hex through the circuit, one in every clock cycle, and compares what comes out
-- {latency} cycles later with expected.hex. Run it in the directory of these files, as VHDL-2008. Prints PASS or FAIL.
library ieee;
use ieee.std_logic_1164.all;
use std.textio.all;

entity testbench is
end entity testbench;

architecture sim of testbench is
  constant VECTORS : positive := {vectors};
  constant LATENCY : positive := {latency};
  subtype stimulus_t is std_logic_vector({input_padded_high} downto 0);
  subtype result_t is std_logic_vector({output_padded_high} downto 0);
  signal clk : std_logic := '0';
  signal model_inp : std_logic_vector({input_high} downto 0) := (others => '0');
  signal model_out : std_logic_vector({output_high} downto 0);
begin
  dut : entity work.top
    port map (clk => clk, model_inp => model_inp, model_out => model_out);

  process
    file vectors_file : text open read_mode is "vectors.hex";
    file expected_file : text open read_mode is "expected.hex";
    variable buf : line;
    variable stimulus : stimulus_t;
    variable expected : result_t;
    variable failures : natural := 0;
  begin
    for i in 0 to VECTORS + LATENCY - 1 loop
      if i >= LATENCY then
        readline(expected_file, buf);
        hread(buf, expected);
        if model_out /= expected({output_high} downto 0) then
          failures := failures + 1;
          if failures <= 10 then
            report "vector " & integer'image(i - LATENCY) & ": " & to_hstring(model_out)
              & " instead of " & to_hstring(expected({output_high} downto 0)) severity warning;
          end if;
        end if;
      end if;
      if i < VECTORS then
        readline(vectors_file, buf);
        hread(buf, stimulus);
        model_inp <= stimulus({input_high} downto 0);
      end if;
      wait for {half_ps} ps;
      clk <= '1';
      wait for {half_ps} ps;
      clk <= '0';
      wait for 1 ps;
    end loop;
    if failures = 0 then
      report "PASS: " & integer'image(VECTORS) & " vectors, every bit as expected, latency "
        & integer'image(LATENCY);
    else
      report "FAIL: " & integer'image(failures) & " of " & integer'image(VECTORS) & " vectors differ"
        severity error;
    end if;
    wait;
  end process;
end architecture sim;
"""

_TEMPLATES = {"verilog": ("testbench.v", _VERILOG), "vhdl": ("testbench.vhd", _VHDL)}


def testbench(
    flavor: str,
    inputs: Sequence[int],
    outputs: Sequence[int],
    *,
    input_bits: int,
    output_bits: int,
    latency: int,
    clock_period: float,
) -> dict[str, str]:
    """Write a test bench for a module ``top``.

    Parameters
    ----------
    flavor : {"verilog", "vhdl"}
    inputs, outputs : sequence of int
        Bits of the ports for each vector.
    input_bits, output_bits : int
        Widths of the ports.
    latency : int
        Clock cycles from a vector to its result.
    clock_period : float
        Nanoseconds.

    Returns
    -------
    dict of str to str
        File name to text: the test bench, ``vectors.hex`` and ``expected.hex``.
    """
    name, template = _TEMPLATES[flavor]
    text = template.format(
        vectors=len(inputs),
        latency=latency,
        input_bits=input_bits,
        input_high=input_bits - 1,
        output_high=output_bits - 1,
        input_padded_high=_digits(input_bits) * 4 - 1,
        output_padded_high=_digits(output_bits) * 4 - 1,
        half=clock_period / 2,
        half_ps=max(round(clock_period * 500), 1),
    )
    return {
        name: text,
        "vectors.hex": _hexadecimal(inputs, input_bits),
        "expected.hex": _hexadecimal(outputs, output_bits),
    }


def _digits(bits: int) -> int:
    return (bits + 3) // 4


def _hexadecimal(values: Sequence[int], bits: int) -> str:
    return "".join(f"{value:0{_digits(bits)}x}\n" for value in values)
