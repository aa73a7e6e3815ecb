// Timing of the DSP48E2, which yosys' cell library for UltraScale+ lacks: without arcs, static timing analysis
// leaves out every path through a multiplier. The delays, in picoseconds, are those of the 7-series DSP48E1
// without registers in yosys' own library. Only what its UltraScale+ technology mapping uses is declared; that
// mapping never packs registers into the block.

(* blackbox, abc9_box *)
module DSP48E2 (
    input  [29:0] A,
    input  [29:0] ACIN,
    input  [17:0] B,
    input  [17:0] BCIN,
    input  [47:0] C,
    input  [26:0] D,
    input  [47:0] PCIN,
    input  [ 3:0] ALUMODE,
    input  [ 4:0] INMODE,
    input  [ 8:0] OPMODE,
    input  [ 2:0] CARRYINSEL,
    input         CARRYIN,
    output [47:0] P
);
  parameter integer ACASCREG = 1;
  parameter integer ADREG = 1;
  parameter integer ALUMODEREG = 1;
  parameter integer AREG = 1;
  parameter integer BCASCREG = 1;
  parameter integer BREG = 1;
  parameter integer CARRYINREG = 1;
  parameter integer CARRYINSELREG = 1;
  parameter integer CREG = 1;
  parameter integer DREG = 1;
  parameter integer INMODEREG = 1;
  parameter integer MREG = 1;
  parameter integer OPMODEREG = 1;
  parameter integer PREG = 1;
  parameter AMULTSEL = "A";
  parameter A_INPUT = "DIRECT";
  parameter BMULTSEL = "B";
  parameter B_INPUT = "DIRECT";
  parameter USE_MULT = "MULTIPLY";
  parameter USE_SIMD = "ONE48";

  specify
    (A *> P) = 2823;
    (B *> P) = 2690;
    (C *> P) = 1325;
  endspecify
endmodule
