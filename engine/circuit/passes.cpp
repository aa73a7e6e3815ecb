#include "circuit/passes.hpp"

#include <cstddef>
#include <utility>

namespace lat_sr {

namespace {

constexpr std::int64_t one_adder = std::int64_t{1} << 32; // counts more than the bits of all adders

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
    return {{{.operand = operation.operands[0], .added = true, .shift = 0},
             {.operand = operation.operands[1], .added = operation.opcode == Opcode::add, .shift = operation.data[0]}}};
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
        append({.operand = term.operand, .added = term.added == replaced.added, .shift = term.shift + replaced.shift});
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
    remove_tables(circuit);
}

// The others are numbered by their first use.
void DeadOperationRemoval::remove_tables(Circuit& circuit) {
    constexpr std::uint32_t unused = ~std::uint32_t{0};
    position_.assign(circuit.tables.size(), unused);
    tables_.clear();
    for (CircuitOperation& operation : circuit.operations) {
        if (operation.opcode != Opcode::lookup) {
            continue;
        }
        const auto table = static_cast<std::size_t>(operation.data[0]);
        if (position_[table] == unused) {
            position_[table] = static_cast<std::uint32_t>(tables_.size());
            tables_.push_back(circuit.tables[table]);
        }
        operation.data[0] = position_[table];
    }
    std::swap(circuit.tables, tables_);
}

void TernaryAdderFusion::operator()(Circuit& circuit) {
    auto& operations = circuit.operations;
    count_references(circuit, references_);
    savings_.assign(operations.size(), {});
    const auto feeds_one = [&](std::uint32_t k) { return is_addition(operations[k]) && references_[k] == 1; };
    for (std::size_t k = 0; k < operations.size(); ++k) {
        if (!is_addition(operations[k])) {
            continue;
        }
        Saving& saving = savings_[k];
        for (const std::uint32_t operand : operations[k].inputs()) {
            saving.closed += feeds_one(operand) ? savings_[operand].open : 0;
        }
        saving.open = saving.closed;
        for (std::uint8_t position = 0; position < none; ++position) {
            const std::uint32_t operand = operations[k].operands[position];
            if (!feeds_one(operand)) {
                continue;
            }
            const std::int64_t bits = interval_width(operations[operand].low, operations[operand].high);
            const std::int64_t fused_too =
                saving.closed - savings_[operand].open + savings_[operand].closed + one_adder + bits;
            if (fused_too > saving.open || (fused_too == saving.open && saving.operand == none)) {
                saving.open = fused_too;
                saving.operand = position;
            }
        }
    }
    for (std::size_t k = operations.size(); k-- > 0;) {
        // What is fused itself has given its operand away.
        if (is_addition(operations[k]) && savings_[k].operand != none) {
            const std::uint32_t operand = operations[k].operands[savings_[k].operand];
            operations[k] = fused(operations[k], savings_[k].operand, operations[operand]);
            savings_[operand].operand = none;
        }
    }
}

} // namespace lat_sr
