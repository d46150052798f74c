// Tensors of a safetensors file as weights. Relies on WeightTable. Source: huggingface/safetensors README.
#pragma once

#include "frontend/files/WeightTable.h"

namespace lathe {

/// Adds the tensors of the file. Lengths, offsets, shapes and the form of the header are checked; fails for element
/// types that the compiler does not know (F8 and smaller), for tensors outside the file and for names that are in the
/// table already.
Status addSafetensors(const std::shared_ptr<const MappedFile> &file, WeightTable &weights);

} // namespace lathe
