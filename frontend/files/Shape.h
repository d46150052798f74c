// Counts and sizes of tensors with overflow checks, for every reader of weights. Relies on runtime/ElementType.h.
#pragma once

#include "runtime/ElementType.h"
#include "runtime/Status.h"

#include <cstdint>
#include <span>
#include <string>

namespace lathe {

/// The product of the sizes; 1 for rank 0. Nothing when a size is negative, or when the product of those that are not 0
/// leaves int64 (so that strides of an empty tensor do not overflow either).
std::optional<uint64_t> elementCount(std::span<const int64_t> shape);
/// Bytes of a tensor, blocks along the last axis. Fails when the count overflows or rows are not whole blocks; the
/// message begins with the fault, for the caller to put the tensor's name in front.
Result<uint64_t> bytesOf(LatheType type, std::span<const int64_t> shape);
/// "[2, 3]".
std::string shapeText(std::span<const int64_t> shape);

} // namespace lathe
