// Streams vectors through a pipelined circuit, one in every clock cycle, and prints what its output port holds
// after each edge. Arguments: file of vectors, number of cycles. A vector is a line of 32-bit words in hexadecimal,
// the lowest first; so is a line of the output.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vtop.h"

namespace {

template <typename Port>
std::size_t words(const Port& port) {
    return (sizeof(port) + 3) / 4;
}

template <typename Port>
void drive(Port& port, const std::vector<uint32_t>& word) {
    uint64_t value = word[0];
    if (word.size() > 1) value |= static_cast<uint64_t>(word[1]) << 32;
    port = static_cast<Port>(value);
}

template <std::size_t N>
void drive(VlWide<N>& port, const std::vector<uint32_t>& word) {
    for (std::size_t i = 0; i < N; ++i) port[i] = word[i];
}

template <typename Port>
uint32_t word_of(const Port& port, std::size_t i) {
    return static_cast<uint32_t>(static_cast<uint64_t>(port) >> (32 * i));
}

template <std::size_t N>
uint32_t word_of(const VlWide<N>& port, std::size_t i) {
    return port[i];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::FILE* vectors = std::fopen(argv[1], "r");
    if (!vectors) return 2;
    VerilatedContext context;
    Vtop top{&context};
    std::vector<uint32_t> word(words(top.model_inp));
    bool more = true;
    for (long cycle = std::atol(argv[2]); cycle > 0; --cycle) {
        for (std::size_t i = 0; more && i < word.size(); ++i) more = std::fscanf(vectors, "%x", &word[i]) == 1;
        top.clk = 0;
        drive(top.model_inp, word);
        top.eval();
        top.clk = 1;
        top.eval();
        for (std::size_t i = 0; i < words(top.model_out); ++i) std::printf("%x ", word_of(top.model_out, i));
        std::printf("\n");
    }
    std::fclose(vectors);
    return 0;
}
