#include "lowering/table_function.hpp"

#include "tree/tree.hpp"

#include <bit>

namespace lat_sr {

std::uint64_t TableFunction::identity(const FormulaParts& parts) const {
    if (has_part()) {
        return parts[name.part].hash;
    }
    std::uint64_t hash = affine.identity;
    for (const double parameter : {affine.argument_scale, affine.argument_offset, affine.offset, affine.scale}) {
        hash = mix_hash(hash, std::bit_cast<std::uint64_t>(parameter));
    }
    return hash;
}

void TableFunction::evaluate(FormulaParts& parts, std::span<const double> x, std::span<double> out) const {
    if (has_part()) {
        parts.evaluate(name.part, x, out);
        return;
    }
    const FloatKernels& kernels = float_kernels();
    const std::size_t count = x.size();
    kernels.affine(x.data(), affine.argument_scale, affine.argument_offset, out.data(), count);
    if (affine.function != nullptr) {
        affine.function(out.data(), out.data(), count);
    }
    kernels.affine(out.data(), 1.0, affine.offset, out.data(), count);
    kernels.affine(out.data(), affine.scale, 0.0, out.data(), count);
}

} // namespace lat_sr
