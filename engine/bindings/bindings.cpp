#include "bindings/bindings.hpp"

#include "kernels/instruction_sets.hpp"

// NOLINTNEXTLINE(misc-use-anonymous-namespace,bugprone-signed-bitwise): what the macro becomes
NB_MODULE(_engine, module) {
    module.doc() = "The native search core of lat_sr; the typed face is lat_sr/_engine.pyi.";
    lat_sr::instruction_set(); // refuses a wrong setting at once
    lat_sr::python::bind_trees(module);
    lat_sr::python::bind_losses(module);
    lat_sr::python::bind_costs(module);
    lat_sr::python::bind_search(module);
    lat_sr::python::bind_datapath(module);
    lat_sr::python::bind_lowering(module);
    lat_sr::python::bind_circuits(module);
}
