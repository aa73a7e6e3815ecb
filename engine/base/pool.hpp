// Memory for many short rows that live as long as one problem.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

// Given back all at once; rows stay where they are until then. A new row holds whatever was there before.
template <class T> class Pool {
public:
    std::span<T> take(std::size_t size) {
        while (chunk_ < chunks_.size() && used_ + size > chunks_[chunk_].size()) {
            ++chunk_;
            used_ = 0;
        }
        if (chunk_ == chunks_.size()) {
            chunks_.emplace_back(std::max(size, chunk_size));
            used_ = 0;
        }
        used_ += size;
        return std::span(chunks_[chunk_]).subspan(used_ - size, size);
    }
    void clear() {
        chunk_ = 0;
        used_ = 0;
    }

private:
    static constexpr std::size_t chunk_size = 4096;

    std::vector<std::vector<T>> chunks_;
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
};

} // namespace lat_sr
