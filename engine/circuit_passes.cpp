#include "circuit_passes.hpp"

#include <cstddef>

namespace lat_sr {

namespace {

bool is_addition(const CircuitOperation& operation) {
    return operation.opcode == Opcode::add || operation.opcode == Opcode::subtract;
}

// A summand: its operation, whether it is added, and the power of two that it is multiplied by.
struct Term {
    std::uint32_t operand;
    bool added;
    std::int64_t shift;
};

std::array<Term, 2> terms_of(const CircuitOperation& operation) {
    return {{{operation.operands[0], true, 0},
             {operation.operands[1], operation.opcode == Opcode::add, operation.data[0]}}};
}

// `outer` with its operand number `position`, which is `inner`, written out.
CircuitOperation fused(const CircuitOperation& outer, std::size_t position, const CircuitOperation& inner) {
    const std::array<Term, 2> outer_terms = terms_of(outer);
    const Term& replaced = outer_terms[position];
    const Term& kept = outer_terms[1 - position];
    CircuitOperation sum = outer;
    sum.opcode = Opcode::sum;
    sum.arity = 3;
    sum.data_size = 6;
    std::size_t number = 0;
    const auto append = [&](const Term& term) {
        sum.operands[number] = term.operand;
        sum.data[2 * number] = term.added ? 1 : 0;
        sum.data[2 * number + 1] = term.shift;
        ++number;
    };
    for (const Term& term : terms_of(inner)) {
        append({term.operand, term.added == replaced.added, term.shift + replaced.shift});
    }
    append(kept);
    return sum;
}

} // namespace

void count_references(const Circuit& circuit, std::vector<std::uint32_t>& references) {
    references.assign(circuit.operations.size(), 0);
    for (const CircuitOperation& operation : circuit.operations) {
        for (const std::uint32_t operand : operation.inputs()) {
            ++references[operand];
        }
    }
    for (const std::uint32_t output : circuit.outputs) {
        ++references[output];
    }
}

void DeadOperationRemoval::operator()(Circuit& circuit) {
    auto& operations = circuit.operations;
    alive_.assign(operations.size(), 0);
    position_.resize(operations.size());
    for (const std::uint32_t output : circuit.outputs) {
        alive_[output] = 1;
    }
    for (std::size_t k = operations.size(); k-- > 0;) {
        if (alive_[k] != 0) {
            for (const std::uint32_t operand : operations[k].inputs()) {
                alive_[operand] = 1;
            }
        }
    }
    std::uint32_t kept = 0;
    for (std::size_t k = 0; k < operations.size(); ++k) {
        if (alive_[k] == 0) {
            continue;
        }
        position_[k] = kept;
        CircuitOperation& operation = operations[kept++] = operations[k];
        for (std::size_t i = 0; i < operation.arity; ++i) {
            operation.operands[i] = position_[operation.operands[i]];
        }
    }
    operations.resize(kept);
    for (std::uint32_t& output : circuit.outputs) {
        output = position_[output];
    }
}

void TernaryAdderFusion::operator()(Circuit& circuit) {
    auto& operations = circuit.operations;
    count_references(circuit, references_);
    for (std::size_t k = operations.size(); k-- > 0;) {
        if (!is_addition(operations[k]) || references_[k] == 0) {
            continue;
        }
        for (std::size_t position = 0; position < 2; ++position) {
            const std::uint32_t operand = operations[k].operands[position];
            if (is_addition(operations[operand]) && references_[operand] == 1) {
                operations[k] = fused(operations[k], position, operations[operand]);
                references_[operand] = 0;
                break;
            }
        }
    }
}

} // namespace lat_sr
