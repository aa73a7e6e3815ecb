// Finds the equal of a value among those numbered so far: open addressing on hashes, cleared in one stroke.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace lat_sr {

class InternIndex {
public:
    using Number = std::uint32_t;

    void clear() {
        slots_.assign(slots_.size(), {});
        used_ = 0;
    }

    // `equal(number)` decides among values of the same hash.
    template <class Equal> [[nodiscard]] std::optional<Number> find(std::uint64_t hash, Equal equal) const {
        for (std::size_t i = hash & mask(); slots_[i].used; i = (i + 1) & mask()) {
            if (slots_[i].hash == hash && equal(slots_[i].number)) {
                return slots_[i].number;
            }
        }
        return std::nullopt;
    }

    void insert(std::uint64_t hash, Number number) {
        if (2 * (used_ + 1) > slots_.size()) {
            grow();
        }
        place({.hash = hash, .number = number, .used = true});
        ++used_;
    }

private:
    struct Slot {
        std::uint64_t hash = 0;
        Number number = 0;
        bool used = false;
    };

    [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }

    void place(const Slot& slot) {
        std::size_t i = slot.hash & mask();
        while (slots_[i].used) {
            i = (i + 1) & mask();
        }
        slots_[i] = slot;
    }

    void grow() {
        std::vector<Slot> old(2 * slots_.size());
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.used) {
                place(slot);
            }
        }
    }

    std::vector<Slot> slots_ = std::vector<Slot>(256); // a power of two
    std::size_t used_ = 0;
};

} // namespace lat_sr
