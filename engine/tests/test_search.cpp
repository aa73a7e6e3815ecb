// The archive, races, and states of a search.

#include "base/intern_index.hpp"
#include "evaluation/data.hpp"
#include "search/archive.hpp"
#include "search/racing.hpp"
#include "search/state.hpp"
#include "tests/check.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using namespace lat_sr;

namespace {

Entry entry(int latency, std::size_t complexity, double lut, double loss) {
    Entry made{
        .tree = Tree({constant_node(loss)}), .cost = {}, .complexity = complexity, .loss = loss, .chunk_losses = {}};
    made.cost.latency = latency;
    made.cost.lut = lut;
    return made;
}

Cost cost(int latency, double lut) { return entry(latency, 1, lut, 0.0).cost; }

std::vector<double> losses(const std::vector<const Entry*>& entries) {
    std::vector<double> result;
    result.reserve(entries.size());
    for (const Entry* one : entries) {
        result.push_back(one->loss);
    }
    return result;
}

// One feature, a target of zeros.
Data<double> rows(std::size_t count, std::span<const double> weights = {}) {
    const std::vector<double> zeros(count);
    return {zeros, zeros, weights, 1, Data<double>::keep_order};
}

TEST(archive_keeps_what_no_other_equals_or_beats) {
    Archive archive;
    CHECK(archive.rival(cost(2, 100.0), 5) == nullptr);
    CHECK(std::isinf(archive.best_loss()));
    CHECK(archive.insert(entry(2, 5, 100.0, 0.5)));
    CHECK(!archive.insert(entry(2, 5, 100.0, 0.5))); // an equal one
    CHECK(!archive.insert(entry(3, 6, 200.0, 0.6))); // worse in all
    CHECK(archive.insert(entry(3, 6, 200.0, 0.4)));  // dearer and better
    CHECK(archive.insert(entry(2, 9, 10.0, 0.55)));  // larger and worse, but with fewer LUT
    CHECK(archive.insert(entry(1, 9, 300.0, 0.9)));  // faster
    CHECK(archive.best_loss() == 0.4);
    CHECK(losses(archive.entries()) == std::vector{0.9, 0.5, 0.4});
    CHECK(losses(archive.front()) == std::vector{0.9, 0.55, 0.5, 0.4});
    archive.clear();
    CHECK(archive.front().empty());
}

TEST(archive_drops_what_a_new_entry_beats) {
    Archive archive;
    archive.insert(entry(3, 6, 200.0, 0.4));
    archive.insert(entry(2, 4, 50.0, 0.3));
    CHECK(losses(archive.front()) == std::vector{0.3});
    CHECK(losses(archive.entries()) == std::vector{0.3});
}

TEST(archive_names_the_rival_to_beat) {
    Archive archive;
    archive.insert(entry(2, 5, 100.0, 0.5));
    const Entry* rival = archive.rival(cost(4, 400.0), 7);
    CHECK(rival != nullptr && rival->loss == 0.5);
    CHECK(archive.rival(cost(1, 400.0), 7) == nullptr); // faster than all that are known
    CHECK(archive.rival(cost(4, 400.0), 3) == nullptr); // smaller
    CHECK(archive.rival(cost(4, 10.0), 7) == nullptr);  // with fewer LUT
    archive.insert(entry(2, 7, 10.0, 0.8));
    // By LUT the rival has a loss of 0.8, by size one of 0.5: to be kept, beating the weaker is enough.
    CHECK(archive.rival(cost(2, 10.0), 7)->loss == 0.8);
}

TEST(archives_merge_in_any_order) {
    Archive first;
    Archive second;
    first.insert(entry(2, 5, 100.0, 0.5));
    first.insert(entry(3, 6, 200.0, 0.4));
    second.insert(entry(2, 4, 90.0, 0.45));
    second.insert(entry(1, 9, 300.0, 0.9));
    Archive both = first;
    both.merge(second);
    second.merge(first);
    CHECK(losses(both.front()) == losses(second.front()));
    CHECK(losses(both.front()) == std::vector{0.9, 0.45, 0.4});
}

TEST(archive_comes_back_from_its_state) {
    Archive archive;
    Entry kept = entry(2, 5, 100.0, 0.5);
    kept.chunk_losses = {0.25, 0.75};
    archive.insert(kept);
    archive.insert(entry(2, 9, 10.0, 0.55));
    StateWriter writer;
    archive.save(writer);
    const std::string bytes = std::move(writer).bytes();
    Archive loaded;
    loaded.insert(entry(1, 1, 1.0, 0.0)); // gives way to what is loaded
    StateReader reader(bytes);
    loaded.load(reader);
    CHECK(reader.at_end());
    CHECK(losses(loaded.front()) == losses(archive.front()));
    CHECK(loaded.entries()[0]->chunk_losses == kept.chunk_losses);
    CHECK(loaded.entries()[0]->tree[0].value == 0.5);
    StateReader cut(std::string_view(bytes).substr(0, bytes.size() - 1));
    CHECK_THROWS(std::invalid_argument, loaded.load(cut));
}

TEST(state_gives_back_what_was_put) {
    StateWriter writer;
    writer.put(7);
    writer.put(std::vector<double>{1.5, -2.0});
    writer.put(std::vector<std::vector<std::uint8_t>>{{1}, {}, {2, 3}});
    writer.put(Tree({constant_node(2.0), constant_node(3.0)}, 2));
    const std::string bytes = std::move(writer).bytes();
    StateReader reader(bytes);
    int number = 0;
    std::vector<double> values;
    std::vector<std::vector<std::uint8_t>> nested;
    Tree tree;
    reader.get(number);
    reader.get(values);
    reader.get(nested);
    CHECK(!reader.at_end());
    reader.get(tree);
    CHECK(reader.at_end());
    CHECK(number == 7);
    CHECK(values == std::vector{1.5, -2.0});
    CHECK(nested == std::vector<std::vector<std::uint8_t>>{{1}, {}, {2, 3}});
    CHECK(tree.outputs() == 2 && tree.length() == 2 && tree[1].value == 3.0);
    CHECK_THROWS(std::invalid_argument, reader.get(number));
}

TEST(a_count_beyond_the_bytes_is_refused_before_memory_is_taken) {
    StateWriter writer;
    writer.put(std::numeric_limits<std::size_t>::max());
    const std::string bytes = std::move(writer).bytes();
    StateReader reader(bytes);
    std::vector<char> values;
    CHECK_THROWS(std::invalid_argument, reader.get(values));
}

TEST(chunks_of_a_race_hold_every_row_once) {
    const Data<double> data = rows(100);
    const Race<double> race(data, 20); // taken up to 32
    CHECK(race.chunks() == 3);
    std::size_t next = 0;
    for (std::size_t chunk = 0; chunk < race.chunks(); ++chunk) {
        CHECK(race.rows(chunk).begin == next);
        next = race.rows(chunk).end;
    }
    CHECK(next == 100);
    CHECK(race.rows(0).size() == 32);
    CHECK(Race<double>(data, 0).chunks() == 1);
    CHECK(Race<double>(data, 1000).chunks() == 1);
}

TEST(mean_of_a_race_has_the_weights_of_the_rows) {
    std::vector<double> weights(64, 1.0);
    std::fill(weights.begin() + 32, weights.end(), 3.0);
    const Data<double> data = rows(64, weights);
    const Race<double> race(data, 32);
    CHECK(race.mean(std::vector{1.0, 5.0}) == 4.0);
}

TEST(one_chunk_decides_when_there_is_no_other) {
    const Data<double> data = rows(64);
    const Race<double> race(data, 0);
    const std::vector rival{0.5};
    CHECK(race.promising(0, 0.49, rival));
    CHECK(!race.promising(0, 0.5, rival));
    CHECK(race.promising(0, 1e30, {}));
    CHECK(!race.promising(0, std::numeric_limits<double>::infinity(), {}));
}

TEST(a_chunk_leaves_hope_within_its_noise) {
    const Data<double> data = rows(224);
    const Race<double> race(data, 100);
    const std::vector rival{1.0, 1.0};
    // Half the loss is the spread of a row, so 112 rows leave 2 * 0.5 / sqrt(112) = 9.4 %.
    CHECK(race.promising(0, 1.05, rival));
    CHECK(!race.promising(0, 1.2, rival));
    CHECK(!race.promising(0, std::nan(""), rival));
}

TEST(interning_finds_equal_values_among_equal_hashes) {
    InternIndex index;
    const std::vector<int> values{10, 20, 30};
    for (std::uint32_t number = 0; number < 3; ++number) {
        index.insert(7, number); // all of the same hash
    }
    const auto find = [&](std::uint64_t hash, int value) {
        return index.find(hash, [&](std::uint32_t number) { return values[number] == value; });
    };
    CHECK(find(7, 10) == 0);
    CHECK(find(7, 30) == 2);
    CHECK(!find(7, 40));
    CHECK(!find(8, 10));
    index.clear();
    CHECK(!find(7, 10));
}

TEST(interning_keeps_all_when_it_grows) {
    InternIndex index;
    constexpr std::uint32_t count = 5000;
    const auto hash = [](std::uint32_t number) { return std::uint64_t{number} << 9U; }; // many at the same place
    for (std::uint32_t number = 0; number < count; ++number) {
        index.insert(hash(number), number);
    }
    std::uint32_t found = 0;
    for (std::uint32_t number = 0; number < count; ++number) {
        found += index.find(hash(number), [&](std::uint32_t other) { return other == number; }) == number ? 1 : 0;
    }
    CHECK(found == count);
}

} // namespace
