#include "variation/outputs.hpp"

#include <algorithm>
#include <vector>

namespace lat_sr {

Tree with_output_of(const Tree& receiver, const Tree& donor, Random& random) {
    std::vector<std::size_t> places;
    std::vector<std::size_t> parts;
    receiver.roots(places);
    donor.roots(parts);
    const std::size_t output = random.below(places.size());
    Tree result = receiver;
    result.replace(places[output], donor.subtree(parts[output]));
    return result;
}

Tree with_shared_part(const Tree& tree, Slack& slack, std::size_t maxsize, Random& random) {
    Tree result = tree;
    const std::size_t place = random.below(tree.length());
    std::vector<std::size_t> roots;
    tree.roots(roots);
    const auto output = [&](std::size_t i) { return std::ranges::lower_bound(roots, i); };
    const std::size_t kept = tree.length() - tree[place].size;
    std::size_t part = tree.length();
    std::size_t count = 0;
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const bool fits = !tree[i].is_leaf() && output(i) != output(place) && kept + tree[i].size <= maxsize;
        if (fits && random.below(++count) == 0) {
            part = i;
        }
    }
    if (part < tree.length() && slack.allows(place, tree.subtree(part))) {
        result.replace(place, tree.subtree(part));
    }
    return result;
}

void change_equal_parts(const Tree& tree, Tree& changed) {
    const std::size_t shorter = std::min(tree.length(), changed.length());
    std::size_t before = 0; // nodes that stayed, in front of the change
    while (before < shorter && equal_nodes(tree[before], changed[before])) {
        ++before;
    }
    std::size_t behind = 0;
    while (before + behind < shorter &&
           equal_nodes(tree[tree.length() - 1 - behind], changed[changed.length() - 1 - behind])) {
        ++behind;
    }
    // The smallest part with all that changed; of what was only put in, with the nodes on both sides.
    const std::size_t end = tree.length() - behind;
    std::size_t part = std::max(end, before + 1) - 1;
    const std::size_t first = before < end ? before : before - std::min<std::size_t>(before, 1);
    while (part < tree.length() && tree.begin_of(part) > first) {
        ++part;
    }
    if (part >= tree.length()) {
        return;
    }
    const std::size_t new_part = part + changed.length() - tree.length();
    if (new_part >= changed.length() || changed.begin_of(new_part) != tree.begin_of(part)) {
        return;
    }
    const std::vector<Node> old(tree.subtree(part).begin(), tree.subtree(part).end());
    const std::vector<Node> now(changed.subtree(new_part).begin(), changed.subtree(new_part).end());
    for (std::size_t i = tree.length(); i-- > 0;) {
        const bool apart = i < tree.begin_of(part) || tree.begin_of(i) > part;
        if (apart && std::ranges::equal(tree.subtree(i), old, equal_nodes)) {
            changed.replace(i > part ? i + now.size() - old.size() : i, now);
        }
    }
}

} // namespace lat_sr
