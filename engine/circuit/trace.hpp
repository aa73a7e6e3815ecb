// From a datapath to a combinational circuit, node by node.
#pragma once

#include "circuit/builder.hpp"
#include "datapath/fixed_point.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// A datapath as the lowering leaves it; nothing of it is copied. `port` is the format of every output.
struct DatapathView {
    std::span<const DatapathNode> nodes;
    std::span<const std::size_t> outputs;
    std::span<const std::vector<std::int64_t>> tables;
    FixedFormat port;
};

// Writes datapaths as circuits of the same integers. Keeps its memory from datapath to datapath.
class CircuitTracer {
public:
    // Holds until the next call.
    const Circuit& operator()(const DatapathView& datapath);

private:
    Signal traced(const DatapathView& datapath, const DatapathNode& node);
    Signal absolute(Signal a);
    Signal maximum(const Signal& a, const Signal& b, const Signal& within);
    Signal lookup(const DatapathView& datapath, const DatapathNode& node, const Signal& a);

    CircuitBuilder builder_;
    std::vector<Signal> signals_;
    std::vector<Signal> outputs_;
    std::vector<std::int64_t> entries_;
};

} // namespace lat_sr
