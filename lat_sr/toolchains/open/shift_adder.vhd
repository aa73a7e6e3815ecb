-- The twin of shift_adder.v, which says why there is one.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity shift_adder is
  generic (
    BW_INPUT0 : integer := 32;
    BW_INPUT1 : integer := 32;
    SIGNED0   : integer := 0;
    SIGNED1   : integer := 0;
    BW_OUT    : integer := 32;
    DROP_LSBS : integer := 0;
    SHIFT1    : integer := 0;
    IS_SUB    : integer := 0
  );
  port (
    in0    : in  std_logic_vector(BW_INPUT0-1 downto 0);
    in1    : in  std_logic_vector(BW_INPUT1-1 downto 0);
    result : out std_logic_vector(BW_OUT-1 downto 0)
  );
end entity shift_adder;

architecture rtl of shift_adder is

  function larger(a : integer; b : integer) return integer is
  begin
    if a > b then
      return a;
    end if;
    return b;
  end function;

  -- Bits that are an operand's own; none of a difference with a finer subtrahend.
  function copied_bits return natural is
  begin
    if SHIFT1 < 0 and IS_SUB = 1 then
      return 0;
    end if;
    return abs SHIFT1;
  end function;

  constant ZEROS0 : natural := larger(-SHIFT1, 0);
  constant ZEROS1 : natural := larger(SHIFT1, 0);
  constant COPIED : natural := copied_bits;
  constant WIDTH  : natural :=
    larger(larger(BW_INPUT0 + ZEROS0, BW_INPUT1 + ZEROS1) + 2, BW_OUT + DROP_LSBS);

  function widened(value : std_logic_vector; is_signed : integer; zeros : natural) return signed is
  begin
    if is_signed = 1 then
      return shift_left(resize(signed(value), WIDTH), zeros);
    end if;
    return shift_left(signed(resize(unsigned(value), WIDTH)), zeros);
  end function;

  signal first  : signed(WIDTH-1 downto 0);
  signal second : signed(WIDTH-1 downto 0);
  signal sum    : signed(WIDTH-1 downto 0);

begin

  first  <= widened(in0, SIGNED0, ZEROS0);
  second <= widened(in1, SIGNED1, ZEROS1);

  copy : if COPIED > 0 generate
    sum(COPIED-1 downto 0) <= first(COPIED-1 downto 0) or second(COPIED-1 downto 0);
  end generate;

  difference : if IS_SUB = 1 generate
    sum(WIDTH-1 downto COPIED) <= first(WIDTH-1 downto COPIED) - second(WIDTH-1 downto COPIED);
  end generate;

  total : if IS_SUB /= 1 generate
    sum(WIDTH-1 downto COPIED) <= first(WIDTH-1 downto COPIED) + second(WIDTH-1 downto COPIED);
  end generate;

  result <= std_logic_vector(sum(BW_OUT-1+DROP_LSBS downto DROP_LSBS));

end architecture rtl;
