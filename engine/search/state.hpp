// A search's state as bytes, to go on from later on the same kind of machine: values as they lie in memory.
#pragma once

#include "tree/tree.hpp"

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lat_sr {

class StateWriter {
public:
    template <class T>
        requires std::is_trivially_copyable_v<T>
    void put(const T& value) {
        const std::size_t end = bytes_.size();
        bytes_.resize(end + sizeof(T));
        std::memcpy(bytes_.data() + end, &value, sizeof(T));
    }
    template <class T> void put(const std::vector<T>& values) {
        put(values.size());
        for (const T& value : values) {
            put(value);
        }
    }
    void put(const Tree& tree) {
        put(tree.outputs());
        put(std::vector<Node>(tree.nodes().begin(), tree.nodes().end()));
    }

    [[nodiscard]] std::string bytes() && { return std::move(bytes_); }

private:
    std::string bytes_;
};

// Throws std::invalid_argument at the end of the bytes.
class StateReader {
public:
    explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

    template <class T>
        requires std::is_trivially_copyable_v<T>
    void get(T& value) {
        if (bytes_.size() < sizeof(T)) {
            throw std::invalid_argument("the state of the search is cut off");
        }
        bytes_.copy(reinterpret_cast<char*>(&value), sizeof(T));
        bytes_.remove_prefix(sizeof(T));
    }
    template <class T> void get(std::vector<T>& values) {
        std::size_t count = 0;
        get(count);
        if (count > bytes_.size()) {
            throw std::invalid_argument("the state of the search is damaged");
        }
        values.resize(count);
        for (T& value : values) {
            get(value);
        }
    }
    void get(Tree& tree) {
        std::size_t outputs = 0;
        std::vector<Node> nodes;
        get(outputs);
        get(nodes);
        tree = Tree(std::move(nodes), outputs);
    }
    [[nodiscard]] bool at_end() const { return bytes_.empty(); }

private:
    std::string_view bytes_;
};

} // namespace lat_sr
