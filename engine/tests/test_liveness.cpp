// Which bits of the operations of a circuit are read.

#include "mapping/liveness.hpp"
#include "tests/check.hpp"

#include <cstdint>
#include <vector>

using namespace lat_sr;

namespace {

CircuitOperation input(std::int64_t low, std::int64_t high, int fraction) {
    CircuitOperation operation;
    operation.opcode = Opcode::input;
    operation.low = low;
    operation.high = high;
    operation.fraction = fraction;
    return operation;
}

CircuitOperation operation(Opcode opcode, std::vector<std::uint32_t> operands, std::int64_t low, std::int64_t high,
                           int fraction, std::int64_t shift = 0) {
    CircuitOperation made = input(low, high, fraction);
    made.opcode = opcode;
    made.arity = static_cast<std::uint8_t>(operands.size());
    for (std::size_t k = 0; k < operands.size(); ++k) {
        made.operands[k] = operands[k];
    }
    made.data[0] = shift;
    made.data_size = 1;
    return made;
}

std::vector<LiveOperation> live(std::vector<CircuitOperation> operations) {
    Circuit circuit;
    circuit.outputs = {static_cast<std::uint32_t>(operations.size() - 1)};
    circuit.operations = std::move(operations);
    Liveness liveness;
    const auto found = liveness(circuit);
    return {found.begin(), found.end()};
}

TEST(needed_bits_stay_within_the_width) {
    LiveOperation unsigned_one{.width = 4};
    unsigned_one.need(0b110000);
    CHECK(unsigned_one.live == 0);
    CHECK(unsigned_one.top() == 0);
    // Bits above a signed value are its sign.
    LiveOperation signed_one{.width = 4, .is_signed = true};
    signed_one.need(0b110000);
    CHECK(signed_one.live == 0b1000);
    CHECK(signed_one.top() == 4);
    signed_one.need_all();
    CHECK(signed_one.live == 0b1111);
    LiveOperation sign{.width = 6, .is_signed = true};
    sign.need_sign();
    CHECK(sign.live == 0b100000);
}

TEST(an_output_reads_all_bits_and_what_nobody_reads_is_dead) {
    const auto found = live({input(0, 15, 0), input(0, 15, 0)});
    CHECK(found[0].live == 0 && !found[0].is_output);
    CHECK(found[1].live == 0b1111 && found[1].is_output);
    CHECK(!found[1].single_use);
}

TEST(a_slice_reads_the_bits_that_it_keeps) {
    // Three bits of eight, from the third on.
    const auto found = live({input(0, 255, 4), operation(Opcode::slice, {0}, 0, 7, 2)});
    CHECK(found[0].live == 0b11100);
    CHECK(found[0].single_use);
}

TEST(a_slice_beyond_the_highest_bit_reads_the_sign) {
    const auto found = live({input(-8, 7, 0), operation(Opcode::slice, {0}, -32, 31, 0)});
    CHECK(found[0].live == 0b1111);
    const auto one = live({input(-8, 7, 0), operation(Opcode::slice, {0}, 0, 1, -5)});
    CHECK(one[0].live == 0b1000);
}

TEST(a_sum_reads_all_bits_below_the_highest_that_is_read) {
    const auto found = live({input(0, 255, 0), input(0, 255, 0), operation(Opcode::add, {0, 1}, 0, 510, 0),
                             operation(Opcode::slice, {2}, 0, 3, -2)});
    CHECK(found[2].live == 0b1100);
    CHECK(found[0].live == 0b1111 && found[1].live == 0b1111);
}

TEST(bits_below_the_carry_chain_are_wires) {
    // The second operand has two bits more at the end: they pass by the chain.
    const auto found = live({input(0, 15, 0), input(0, 63, 2), operation(Opcode::add, {0, 1}, 0, 123, 2),
                             operation(Opcode::slice, {2}, 0, 1, 1)});
    CHECK(found[2].live == 0b10);
    CHECK(found[0].live == 0);
    CHECK(found[1].live == 0b10);
}

TEST(a_choice_reads_the_sign_of_its_condition) {
    const auto found =
        live({input(0, 15, 0), input(0, 15, 0), input(-8, 7, 0), operation(Opcode::select, {0, 1, 2}, 0, 15, 0)});
    CHECK(found[2].live == 0b1000);
    CHECK(found[0].live == 0b1111 && found[1].live == 0b1111);
}

TEST(a_value_read_twice_has_more_than_one_use) {
    const auto found = live({input(0, 15, 0), operation(Opcode::add, {0, 0}, 0, 30, 0)});
    CHECK(!found[0].single_use);
}

TEST(carry_chains_begin_where_two_summands_meet) {
    const std::vector<SummandFormat> together{{.fraction = 3, .negated = false}, {.fraction = 3, .negated = false}};
    const std::vector<SummandFormat> apart{{.fraction = 5, .negated = false}, {.fraction = 3, .negated = false}};
    const std::vector<SummandFormat> negated{{.fraction = 5, .negated = true}, {.fraction = 3, .negated = false}};
    CHECK(chain_base(together) == 3);
    CHECK(chain_base(apart) == 3);
    CHECK(chain_base(negated) == 5); // the two's complement needs a carry from the lowest bit on
    CHECK(chain_base(std::vector<SummandFormat>{{.fraction = 5, .negated = false}}) == 5);
}

} // namespace
