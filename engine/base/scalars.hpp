// The scalar types that a search computes in.

#pragma once

// Analysis that takes long looks at one of them: the code is the same.
// NOLINTBEGIN(bugprone-macro-parentheses): what is named is a class
#ifdef LAT_SR_ONE_SCALAR
#define LAT_SR_INSTANTIATE(name) template class name<double>
#else
#define LAT_SR_INSTANTIATE(name)                                                                                       \
    template class name<float>;                                                                                        \
    template class name<double>
#endif
// NOLINTEND(bugprone-macro-parentheses)
