#include "tests/check.hpp"

#include <exception>
#include <iostream>

namespace lat_sr::tests {

namespace {

const Test* last = nullptr;
int failures = 0;

bool passes(const Test& test) {
    const int before = failures;
    try {
        test.body();
    } catch (const std::exception& error) {
        ++failures;
        std::cerr << "it throws: " << error.what() << '\n';
    }
    if (failures != before) {
        std::cerr << "FAILED " << test.name << '\n';
    }
    return failures == before;
}

} // namespace

Test::Test(const char* its_name, void (*its_body)()) noexcept : name(its_name), body(its_body), next(last) {
    last = this;
}

void check(bool holds, std::string_view what, std::string_view file, int line) {
    if (!holds) {
        ++failures;
        std::cerr << file << ':' << line << ": does not hold: " << what << '\n';
    }
}

} // namespace lat_sr::tests

int main() {
    int passed = 0;
    int failed = 0;
    for (const auto* test = lat_sr::tests::last; test != nullptr; test = test->next) {
        ++(lat_sr::tests::passes(*test) ? passed : failed);
    }
    std::cout << passed << " passed, " << failed << " failed\n";
    return failed == 0 && passed > 0 ? 0 : 1;
}
