// Arrays on cache-line borders, so that block loops load whole SIMD registers.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace lat_sr {

inline constexpr std::size_t cache_line = 64;

template <class T> struct AlignedAllocator {
    using value_type = T;

    AlignedAllocator() = default;
    template <class U> explicit AlignedAllocator(const AlignedAllocator<U>& /*other*/) {}

    T* allocate(std::size_t count) {
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{cache_line}));
    }
    void deallocate(T* memory, std::size_t /*count*/) { ::operator delete(memory, std::align_val_t{cache_line}); }

    bool operator==(const AlignedAllocator& /*other*/) const { return true; }
};

template <class T> using AlignedVector = std::vector<T, AlignedAllocator<T>>;

} // namespace lat_sr
