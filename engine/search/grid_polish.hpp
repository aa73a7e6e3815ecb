// Constants on the grid of the hardware: where they are rounded to when the circuit is made, a neighbour may fit the
// data better, and a value of fewer digits takes fewer adders.
#pragma once

#include "constants/tied_constants.hpp"
#include "cost/judge.hpp"
#include "evaluation/data.hpp"
#include "evaluation/fixed_point_loss.hpp"
#include "search/archive.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace lat_sr {

// Owns its scratch memory; one instance a thread.
template <class T> class GridPolisher {
public:
    // Constants have `fraction` bits. The judge outlives the polisher.
    GridPolisher(CircuitJudge& judge, int fraction, const Data<T>& data, const Objective& objective)
        : judge_(judge), loss_(data, objective), fraction_(fraction) {}

    // Puts the constants of an entry, whose cost and loss are those of its circuit, on the grid and moves them there:
    // neither loss nor latency ever grows, and one of loss and LUT shrinks with every move.
    void operator()(Entry& entry);

private:
    // Whether the tree, which differs from the entry's by one constant, is better; then it becomes the entry's.
    bool take_if_better(const Tree& tree, Entry& entry);
    void list_neighbours(double value);
    // Moves a constant to the best of its neighbours; false if none is better.
    bool move(std::size_t number, Entry& entry);

    CircuitJudge& judge_;
    FixedPointLoss<T> loss_;
    int fraction_;
    TiedConstants constants_;
    std::vector<double> neighbours_;
};

extern template class GridPolisher<float>;
extern template class GridPolisher<double>;

} // namespace lat_sr
