// in0 + in1 * 2**SHIFT1, or the difference, without the lowest DROP_LSBS bits; in place of alkaid's module of this name.
//
// Bits below the other operand's lowest one are taken over, except those of a subtrahend: its bits below stay in the
// one carry chain, where alkaid makes a chain of their own for them, a reduction for its borrow, and a third summand of
// that borrow.
`timescale 1ns / 1ps

module shift_adder #(
    parameter BW_INPUT0 = 32,
    parameter BW_INPUT1 = 32,
    parameter SIGNED0 = 0,
    parameter SIGNED1 = 0,
    parameter BW_OUT = 32,
    parameter DROP_LSBS = 0,
    parameter SHIFT1 = 0,
    parameter IS_SUB = 0
) (
    input [BW_INPUT0-1:0] in0,
    input [BW_INPUT1-1:0] in1,
    output [BW_OUT-1:0] out
);

  localparam ZEROS0 = (SHIFT1 < 0) ? -SHIFT1 : 0;
  localparam ZEROS1 = (SHIFT1 > 0) ? SHIFT1 : 0;
  // Bits that are an operand's own; none of a difference with a finer subtrahend.
  localparam COPIED = (SHIFT1 < 0 && IS_SUB == 1) ? 0 : ZEROS0 + ZEROS1;
  localparam TOP0 = BW_INPUT0 + ZEROS0;
  localparam TOP1 = BW_INPUT1 + ZEROS1;
  localparam WIDTH_SUM = ((TOP0 > TOP1) ? TOP0 : TOP1) + 2;
  localparam WIDTH = (WIDTH_SUM > BW_OUT + DROP_LSBS) ? WIDTH_SUM : BW_OUT + DROP_LSBS;

  // verilator lint_off UNUSEDSIGNAL
  wire [WIDTH-1:0] first;
  wire [WIDTH-1:0] second;
  wire [WIDTH-1:0] sum;
  // verilator lint_on UNUSEDSIGNAL

  assign first[TOP0-1:ZEROS0] = in0;
  assign first[WIDTH-1:TOP0] = {(WIDTH - TOP0) {(SIGNED0 == 1) & in0[BW_INPUT0-1]}};
  assign second[TOP1-1:ZEROS1] = in1;
  assign second[WIDTH-1:TOP1] = {(WIDTH - TOP1) {(SIGNED1 == 1) & in1[BW_INPUT1-1]}};

  generate
    if (ZEROS0 > 0) begin : zeros0
      assign first[ZEROS0-1:0] = 0;
    end
    if (ZEROS1 > 0) begin : zeros1
      assign second[ZEROS1-1:0] = 0;
    end
    if (COPIED > 0) begin : copied
      assign sum[COPIED-1:0] = first[COPIED-1:0] | second[COPIED-1:0];
    end
    if (IS_SUB == 1) begin : difference
      assign sum[WIDTH-1:COPIED] = first[WIDTH-1:COPIED] - second[WIDTH-1:COPIED];
    end else begin : total
      assign sum[WIDTH-1:COPIED] = first[WIDTH-1:COPIED] + second[WIDTH-1:COPIED];
    end
  endgenerate

  assign out = sum[BW_OUT-1+DROP_LSBS:DROP_LSBS];

endmodule
