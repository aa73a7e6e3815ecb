// Tests of the engine, in nameless namespaces: TEST(name) declares one, CHECK what has to hold in it. `make test`
// installs from PyPI and npm only, which have no test library for C++, and this is all that is needed of one.
#pragma once

#include <string_view>

namespace lat_sr::tests {

// One of a chain of all tests.
struct Test {
    Test(const char* its_name, void (*its_body)()) noexcept;

    const char* name;
    void (*body)();
    const Test* next;
};

// Notes what does not hold; the test goes on.
void check(bool holds, std::string_view what, std::string_view file, int line);

} // namespace lat_sr::tests

#define TEST(name)                                                                                                     \
    void name();                                                                                                       \
    const lat_sr::tests::Test test_of_##name(#name, name);                                                             \
    void name()

#define CHECK(...) lat_sr::tests::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

// That an expression throws this.
#define CHECK_THROWS(exception, ...)                                                                                   \
    do {                                                                                                               \
        bool thrown = false;                                                                                           \
        try {                                                                                                          \
            __VA_ARGS__;                                                                                               \
        } catch (const exception&) {                                                                                   \
            thrown = true;                                                                                             \
        }                                                                                                              \
        lat_sr::tests::check(thrown, #__VA_ARGS__ " throws " #exception, __FILE__, __LINE__);                          \
    } while (false)
