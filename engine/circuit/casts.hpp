// Casts as circuits: every quantisation and overflow mode from adders, selections and bit operations.
#pragma once

#include "circuit/builder.hpp"
#include "datapath/fixed_point.hpp"

namespace lat_sr {

// Equal in value to cast_to(format, ...); of a coarser fraction if `a` is. `within` has bounds that the result is known
// to keep.
[[nodiscard]] Signal cast_signal(CircuitBuilder& builder, const Signal& a, const FixedFormat& format,
                                 const Signal& within);

} // namespace lat_sr
