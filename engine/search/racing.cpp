#include "search/racing.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

template <class T> Race<T>::Race(const Data<T>& data, std::size_t batch) : data_(data) {
    constexpr std::size_t step = 16; // keeps the columns on SIMD borders
    batch_ = batch == 0 || batch >= data.rows() ? data.rows() : (batch + step - 1) / step * step;
    chunks_ = std::max<std::size_t>(data.rows() / batch_, 1);
}

template <class T> RowRange Race<T>::rows(std::size_t chunk) const {
    return {.begin = chunk * batch_, .end = chunk + 1 == chunks_ ? data_.rows() : (chunk + 1) * batch_};
}

template <class T> double Race<T>::mean(std::span<const double> losses) const {
    double total = 0.0;
    for (std::size_t chunk = 0; chunk < chunks_; ++chunk) {
        total += losses[chunk] * data_.weight(rows(chunk));
    }
    return total / data_.weight(data_.all());
}

template <class T> bool Race<T>::hopeful(double loss, double rival, double rows) {
    // Two good formulas differ on most rows by little, so that the spread of the difference of two losses is taken to
    // be this share of the loss; then a formula that would win is given up once in a few dozen times.
    constexpr double spread = 0.5;
    constexpr double deviations = 2.0;
    return std::isfinite(loss) && loss <= rival * (1.0 + deviations * spread / std::sqrt(rows));
}

template <class T> bool Race<T>::promising(std::size_t chunk, double loss, std::span<const double> rival) const {
    return chunks_ == 1
               ? std::isfinite(loss) && (rival.empty() || loss < rival[0])
               : hopeful(loss, rival.empty() ? worthless : rival[chunk], static_cast<double>(rows(chunk).size()));
}

template <class T>
bool Race<T>::run(Evaluator<T>& evaluator, const Tree& tree, std::size_t first, double first_loss,
                  std::span<const double> rival, std::vector<double>& losses) const {
    losses.assign(chunks_, worthless);
    double seen = 0.0;
    double own = 0.0;
    double other = 0.0;
    for (std::size_t k = 0; k < chunks_; ++k) {
        const std::size_t chunk = (first + k) % chunks_;
        const double weight = data_.weight(rows(chunk));
        losses[chunk] = k == 0 ? first_loss : weight > 0.0 ? evaluator.loss(tree, rows(chunk)) : 0.0;
        seen += static_cast<double>(rows(chunk).size());
        own += losses[chunk] * weight;
        other += rival.empty() ? 0.0 : rival[chunk] * weight;
        if (!hopeful(own, rival.empty() ? worthless : other, seen)) {
            return false;
        }
    }
    return true;
}

template <class T> bool Race<T>::run(Evaluator<T>& evaluator, const Tree& tree, std::vector<double>& losses) const {
    return run(evaluator, tree, 0, evaluator.loss(tree, rows(0)), {}, losses);
}

LAT_SR_INSTANTIATE(Race);

} // namespace lat_sr
