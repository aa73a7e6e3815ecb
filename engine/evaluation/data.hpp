// The rows a search runs on, stored by column and in an order drawn from the seed, so that any range of rows is a
// random sample.
#pragma once

#include "base/aligned.hpp"
#include "base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr {

struct RowRange {
    std::size_t begin = 0;
    std::size_t end = 0;

    [[nodiscard]] std::size_t size() const { return end - begin; }
};

template <class T> class Data {
public:
    // Instead of a seed: rows stay in the order given.
    static constexpr std::uint64_t keep_order = ~std::uint64_t{0};

    // X and y are row-major with `features` and `outputs` columns; weights may be empty.
    Data(std::span<const T> X, std::span<const T> y, std::span<const T> weights, std::size_t features,
         std::uint64_t seed, std::size_t outputs = 1)
        : rows_(y.size() / outputs), features_(features), outputs_(outputs), stride_((rows_ + pad - 1) / pad * pad),
          columns_(stride_ * features), targets_(stride_ * outputs), weights_(weights.empty() ? 0 : stride_),
          cumulative_(rows_ + 1), order_(rows_) {
        std::iota(order_.begin(), order_.end(), std::uint32_t{0});
        Random random(seed, 0x0da7a);
        for (std::size_t i = seed == keep_order ? 0 : rows_; i > 1; --i) {
            std::swap(order_[i - 1], order_[random.below(i)]);
        }
        for (std::size_t row = 0; row < rows_; ++row) {
            const std::size_t from = order_[row];
            for (std::size_t feature = 0; feature < features; ++feature) {
                columns_[feature * stride_ + row] = X[from * features + feature];
            }
            for (std::size_t output = 0; output < outputs; ++output) {
                targets_[output * stride_ + row] = y[from * outputs + output];
            }
            if (!weights.empty()) {
                weights_[row] = weights[from];
            }
            cumulative_[row + 1] = cumulative_[row] + (weights.empty() ? 1.0 : static_cast<double>(weights[from]));
        }
    }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t features() const { return features_; }
    // Where a row was when the data were given.
    [[nodiscard]] std::size_t given_row(std::size_t row) const { return order_[row]; }
    [[nodiscard]] RowRange all() const { return {.begin = 0, .end = rows_}; }
    [[nodiscard]] const T* column(std::size_t feature) const { return columns_.data() + feature * stride_; }
    [[nodiscard]] std::size_t outputs() const { return outputs_; }
    [[nodiscard]] const T* targets(std::size_t output) const { return targets_.data() + output * stride_; }
    // Null without weights.
    [[nodiscard]] const T* weights() const { return weights_.empty() ? nullptr : weights_.data(); }
    [[nodiscard]] double weight(RowRange range) const { return cumulative_[range.end] - cumulative_[range.begin]; }

private:
    static constexpr std::size_t pad = cache_line / sizeof(T);

    std::size_t rows_;
    std::size_t features_;
    std::size_t outputs_;
    std::size_t stride_;
    AlignedVector<T> columns_;
    AlignedVector<T> targets_;
    AlignedVector<T> weights_;
    std::vector<double> cumulative_;
    std::vector<std::uint32_t> order_;
};

} // namespace lat_sr
