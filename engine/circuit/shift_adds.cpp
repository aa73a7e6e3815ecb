#include "circuit/shift_adds.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

namespace lat_sr {

namespace {

// A term times 2**exponent, negated or not.
struct Part {
    std::uint32_t term = 0;
    int exponent = 0;
    bool negative = false;
};

using Found = std::optional<Part>;

// +-2**exponent.
struct Digit {
    int exponent;
    bool negative;

    [[nodiscard]] std::int64_t value() const { return (negative ? -1 : 1) * (std::int64_t{1} << exponent); }
    [[nodiscard]] Part operator*(Part part) const {
        return {.term = part.term, .exponent = part.exponent + exponent, .negative = part.negative != negative};
    }
    bool operator==(const Digit&) const = default;
};

constexpr Part operand{};

int bit_length(std::int64_t value) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::abs(value))));
}

int trailing_zeros(std::int64_t value) { return std::countr_zero(static_cast<std::uint64_t>(value)); }

// Nonzero digits of the canonical signed form: the bits in which a number and its triple differ (Reitwiesner, 1960).
std::size_t digit_count(std::int64_t value) {
    const auto magnitude = static_cast<std::uint64_t>(std::abs(value));
    return static_cast<std::size_t>(std::popcount(magnitude ^ (3 * magnitude)));
}

// The canonical signed form, lowest digit first.
std::vector<Digit> digits_of(std::int64_t value) {
    std::vector<Digit> digits;
    for (int exponent = 0; value != 0; ++exponent, value /= 2) {
        if (value % 2 != 0) {
            digits.push_back({.exponent = exponent, .negative = (value & 3) == 3});
            value -= digits.back().negative ? -1 : 1;
        }
    }
    return digits;
}

// Calls visit(pair, rest) for value == (2**pair.exponent +- 1) * rest until it finds something.
template <class Visit> Found with_pair_divided_out(std::int64_t value, const Visit& visit) {
    Found found;
    for (int exponent = 1; exponent < bit_length(value) && !found; ++exponent) {
        for (const int sign : {1, -1}) {
            const std::int64_t factor = (std::int64_t{1} << exponent) + sign;
            if (!found && factor > 1 && value % factor == 0) {
                found = visit(Digit{.exponent = exponent, .negative = sign < 0}, value / factor);
            }
        }
    }
    return found;
}

// Calls visit(digit, rest) for value == digit + rest with at most so many digits in the rest until it finds something.
template <class Visit>
Found with_digit_taken_off(std::int64_t value, int lowest, std::size_t most_left, const Visit& visit) {
    Found found;
    for (int exponent = lowest; exponent <= bit_length(value) && !found; ++exponent) {
        for (const bool negative : {false, true}) {
            const Digit digit{.exponent = exponent, .negative = negative};
            const std::int64_t rest = value - digit.value();
            if (!found && digit_count(rest) <= most_left) {
                found = visit(digit, rest);
            }
        }
    }
    return found;
}

// Calls visit(factor, rest) for value == factor * rest with factors of three digits until it finds something.
template <class Visit> Found with_three_digits_divided_out(std::int64_t value, const Visit& visit) {
    Found found;
    for (int high = 2; high < bit_length(value); ++high) {
        for (int low = 1; low < high; ++low) {
            for (const int signs : {0, 1, 2, 3}) {
                const std::int64_t factor = (std::int64_t{1} << high) +
                                            Digit{.exponent = low, .negative = signs % 2 != 0}.value() +
                                            Digit{.exponent = 0, .negative = signs / 2 != 0}.value();
                if (!found && factor > 1 && value % factor == 0) {
                    found = visit(factor, value / factor);
                }
            }
        }
    }
    return found;
}

// Calls visit(product, rest) for value == product + rest with products of two pairs until it finds something.
template <class Visit> Found with_product_taken_off(std::int64_t value, const Visit& visit) {
    Found found;
    const int bits = bit_length(value);
    for (int wide = 2; wide < bits; ++wide) {
        for (int narrow = 1; narrow <= wide && wide + narrow <= bits && !found; ++narrow) {
            for (const int signs : {0, 1, 2, 3}) {
                const std::int64_t product = (Digit{.exponent = wide, .negative = false}.value() +
                                              Digit{.exponent = 0, .negative = signs % 2 != 0}.value()) *
                                             (Digit{.exponent = narrow, .negative = false}.value() +
                                              Digit{.exponent = 0, .negative = signs / 2 != 0}.value());
                for (int zeros = 0; bit_length(product) + zeros <= bits + 1 && !found; ++zeros) {
                    const std::int64_t multiple = product << zeros;
                    found = visit(multiple, value - multiple);
                    found = found ? found : visit(-multiple, value + multiple);
                }
            }
        }
    }
    return found;
}

// A digit, and one that is so far above it and of the same or the other sign; alone if there is none.
struct Pair {
    Digit low;
    std::optional<Digit> apart;
};

std::size_t different(const std::vector<Pair>& pairs) {
    std::size_t count = 0;
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
        count += std::none_of(pairs.begin(), pair, [&](const Pair& other) { return other.apart == pair->apart; });
    }
    return count;
}

// Puts into `best` the pairs of digits of which the fewest are different.
void pair_up(const std::vector<Digit>& rest, std::vector<Pair>& chosen, std::vector<Pair>& best) {
    if (rest.empty()) {
        if (best.empty() || different(chosen) < different(best)) {
            best = chosen;
        }
        return;
    }
    const Digit low = rest.front();
    const auto with = [&](std::optional<Digit> apart, std::size_t partner) {
        std::vector<Digit> left;
        for (std::size_t k = 1; k < rest.size(); ++k) {
            if (k != partner) {
                left.push_back(rest[k]);
            }
        }
        chosen.push_back({.low = low, .apart = apart});
        pair_up(left, chosen, best);
        chosen.pop_back();
    };
    if (rest.size() % 2 != 0) {
        with(std::nullopt, 0);
    }
    for (std::size_t k = 1; k < rest.size(); ++k) {
        with(Digit{.exponent = rest[k].exponent - low.exponent, .negative = rest[k].negative != low.negative}, k);
    }
}

// Writes the additions of one product. The ways to save adders give nothing where they do not lead to it.
class Writer {
public:
    std::vector<ShiftAdd> steps;

    Part product(std::int64_t value) {
        const int zeros = trailing_zeros(value);
        return Digit{.exponent = zeros, .negative = value < 0} * odd_product(std::abs(value) >> zeros);
    }

private:
    Part odd_product(std::int64_t value) {
        const std::size_t digits = digit_count(value);
        if (digits > 8) {
            return in_more_levels(value);
        }
        Found found = with_two_adders(value);
        if (!found && digits > 4) {
            found = with_three_adders(value);
        }
        if (!found && digits > 4) {
            found = with_four_adders(value);
        }
        if (!found && digits > 6) {
            found = with_five_adders(value);
        }
        // NOLINTNEXTLINE(bugprone-unchecked-optional-access): pairs of all digits always make the value
        return found ? *found : *by_pairs(value, digits);
    }

    Part sum(Part a, Part b) {
        const auto made = static_cast<std::uint32_t>(steps.size() + 1);
        if (a.negative && !b.negative) {
            std::swap(a, b);
        }
        steps.push_back({.first = a.term,
                         .second = b.term,
                         .shift = b.exponent - a.exponent,
                         .subtract = a.negative != b.negative});
        return {.term = made, .exponent = a.exponent, .negative = a.negative};
    }

    // In the fewest levels.
    Part sum(std::vector<Part> parts) {
        while (parts.size() > 1) {
            std::vector<Part> sums;
            for (std::size_t k = 0; k + 1 < parts.size(); k += 2) {
                sums.push_back(sum(parts[k], parts[k + 1]));
            }
            if (parts.size() % 2 != 0) {
                sums.push_back(parts.back());
            }
            parts = std::move(sums);
        }
        return parts.front();
    }

    Part times_pair(Part a, Digit pair) {
        return sum(Digit{.exponent = pair.exponent, .negative = false} * a,
                   Digit{.exponent = 0, .negative = pair.negative} * a);
    }

    Part by_digits(std::int64_t value) {
        std::vector<Part> parts;
        for (const Digit digit : digits_of(value)) {
            parts.push_back(digit * operand);
        }
        return sum(std::move(parts));
    }

    // Up to three digits, or the product of two pairs.
    static bool needs_two_adders(std::int64_t value) {
        if (digit_count(value) != 4) {
            return digit_count(value) < 4;
        }
        const auto is_pair = [](Digit, std::int64_t rest) { return digit_count(rest) == 2 ? Found{operand} : Found{}; };
        return with_pair_divided_out(std::abs(value) >> trailing_zeros(value), is_pair).has_value();
    }

    Found with_two_adders(std::int64_t value) {
        if (digit_count(value) < 4) {
            return by_digits(value);
        }
        return with_pair_divided_out(value, [&](Digit pair, std::int64_t rest) {
            return digit_count(rest) == 2 ? Found{times_pair(by_digits(rest), pair)} : Found{};
        });
    }

    // Two adders and a third behind them: all that three adders in three levels can make.
    Found with_three_adders(std::int64_t value) {
        const Found found = with_digit_taken_off(value, 0, 4, [&](Digit digit, std::int64_t rest) {
            return needs_two_adders(rest) ? Found{sum(product(rest), digit * operand)} : Found{};
        });
        return found ? found : with_pair_divided_out(value, [&](Digit pair, std::int64_t rest) {
            return needs_two_adders(rest) ? Found{times_pair(product(rest), pair)} : Found{};
        });
    }

    // All that four adders in three levels can make.
    Found with_four_adders(std::int64_t value) {
        if (digit_count(value) == 5) {
            return by_digits(value);
        }
        Found found = with_pair_divided_out(value, [&](Digit pair, std::int64_t rest) {
            return digit_count(rest) <= 4 ? Found{times_pair(by_digits(rest), pair)} : Found{};
        });
        // A product of two adders and a pair of digits.
        found = found ? found : with_digit_taken_off(value, 0, 5, [&](Digit low, std::int64_t left) {
            return with_digit_taken_off(left, low.exponent + 1, 4, [&](Digit high, std::int64_t rest) {
                if (!needs_two_adders(rest)) {
                    return Found{};
                }
                const Part first = product(rest);
                return Found{sum(first, sum(low * operand, high * operand))};
            });
        });
        return found ? found : with_digit_taken_off(value, 0, 6, [&](Digit digit, std::int64_t rest) {
            return three_of_a_pair(rest, [&] { return digit * operand; });
        });
    }

    Found with_five_adders(std::int64_t value) {
        Found found = by_pairs(value, 2);
        found = found ? found : with_digit_taken_off(value, 0, 7, [&](Digit low, std::int64_t left) {
            return with_digit_taken_off(left, low.exponent + 1, 6, [&](Digit high, std::int64_t rest) {
                return three_of_a_pair(rest, [&] { return sum(low * operand, high * operand); });
            });
        });
        return found ? found : with_product_taken_off(value, [&](std::int64_t pairs, std::int64_t rest) {
            if (!needs_two_adders(pairs) || !needs_two_adders(rest)) {
                return Found{};
            }
            const Part first = product(pairs);
            return Found{sum(first, product(rest))};
        });
    }

    // The sum of up to three multiples of a pair of digits and of what `other` makes.
    template <class Make> Found three_of_a_pair(std::int64_t value, const Make& other) {
        const int zeros = trailing_zeros(value);
        return with_pair_divided_out(value >> zeros, [&](Digit pair, std::int64_t quotient) {
            if (digit_count(quotient) > 3) {
                return Found{};
            }
            const Part multiple = Digit{.exponent = zeros, .negative = false} * times_pair(operand, pair);
            std::vector<Part> parts{other()};
            for (const Digit factor : digits_of(quotient)) {
                parts.push_back(factor * multiple);
            }
            return Found{sum(std::move(parts))};
        });
    }

    // Sum of pairs of digits, equal ones made once; nothing if more than so many differ.
    Found by_pairs(std::int64_t value, std::size_t most) {
        std::vector<Pair> pairs;
        std::vector<Pair> chosen;
        pair_up(digits_of(value), chosen, pairs);
        if (different(pairs) > most) {
            return {};
        }
        std::vector<Part> made;
        std::vector<Part> parts;
        for (std::size_t k = 0; k < pairs.size(); ++k) {
            const auto& apart = pairs[k].apart;
            std::size_t same = 0;
            while (pairs[same].apart != apart) {
                ++same;
            }
            made.push_back(same < k ? made[same] : apart ? sum(operand, *apart * operand) : operand);
            parts.push_back(pairs[k].low * made[k]);
        }
        return sum(std::move(parts));
    }

    // More than eight digits: an adder behind what three or four make, or the products of two halves of the digits.
    Part in_more_levels(std::int64_t value) {
        const Found product_of_triples =
            with_three_digits_divided_out(value, [&](std::int64_t factor, std::int64_t rest) {
                if (digit_count(rest) > 3) {
                    return Found{};
                }
                const Part multiple = by_digits(rest);
                std::vector<Part> parts;
                for (const Digit digit : digits_of(factor)) {
                    parts.push_back(digit * multiple);
                }
                return Found{sum(std::move(parts))};
            });
        if (product_of_triples) {
            return *product_of_triples;
        }
        for (const auto way : {&Writer::with_three_adders, &Writer::with_four_adders}) {
            const auto short_enough = [&](std::int64_t rest) -> Found {
                const int zeros = trailing_zeros(rest);
                const std::int64_t odd = std::abs(rest) >> zeros;
                if (digit_count(odd) > 8) {
                    return {};
                }
                const Found found = (this->*way)(odd);
                return found ? Found{Digit{.exponent = zeros, .negative = rest < 0} * *found} : Found{};
            };
            Found found = with_pair_divided_out(value, [&](Digit pair, std::int64_t rest) {
                const Found part = short_enough(rest);
                return part ? Found{times_pair(*part, pair)} : Found{};
            });
            found = found ? found : with_digit_taken_off(value, 0, 8, [&](Digit digit, std::int64_t rest) {
                const Found part = short_enough(rest);
                return part ? Found{sum(*part, digit * operand)} : Found{};
            });
            if (found) {
                return *found;
            }
        }
        const std::vector<Digit> digits = digits_of(value);
        std::int64_t low = 0;
        for (std::size_t k = 0; k < std::bit_floor(digits.size() - 1); ++k) {
            low += digits[k].value();
        }
        const Part first = product(low);
        return sum(first, product(value - low));
    }
};

} // namespace

std::vector<ShiftAdd> shift_adds(std::uint64_t value) {
    Writer writer;
    writer.product(static_cast<std::int64_t>(value));
    return std::move(writer.steps);
}

} // namespace lat_sr
