// Structs as Python classes: a constructor of keywords and attributes to read, from one list of their fields.
#pragma once

#include <nanobind/nanobind.h>

#include <new>
#include <utility>

namespace lat_sr::python {

template <class Record, class Value> struct Field {
    const char* name;
    Value Record::* member;
};

template <class Record, class Value> constexpr Field<Record, Value> field(const char* name, Value Record::* member) {
    return {name, member};
}

// What the engine gives back: attributes only.
template <class Record, class... Values>
nanobind::class_<Record> bind_result(nanobind::module_& module, const char* name, const char* doc,
                                     Field<Record, Values>... fields) {
    nanobind::class_<Record> bound(module, name, doc);
    (bound.def_ro(fields.name, fields.member), ...);
    return bound;
}

// Every field may be left out: its default is the struct's.
template <class Record, class... Values>
nanobind::class_<Record> bind_record(nanobind::module_& module, const char* name, const char* doc,
                                     Field<Record, Values>... fields) {
    const Record defaults{};
    nanobind::class_<Record> bound = bind_result(module, name, doc, fields...);
    bound.def(
        "__init__",
        [fields...](Record* self, Values... values) {
            Record made{};
            ((made.*fields.member = std::move(values)), ...);
            new (self) Record(std::move(made));
        },
        nanobind::kw_only(), (nanobind::arg(fields.name) = defaults.*fields.member)...);
    return bound;
}

} // namespace lat_sr::python
