// Names and sizes of the element types of artifact.h.
#pragma once

#include "runtime/artifact.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace lathe {

/// "F32", "Q4_K", ...; "?" for a number that is no LatheType.
const char *elementTypeName(uint32_t type);
/// The type with that name, in any case ("q4_k"), or nothing.
std::optional<LatheType> elementTypeFromName(std::string_view name);
bool isElementType(uint32_t type);
/// Elements in a block of a quantised type, 1 for others.
uint32_t elementsPerBlock(LatheType type);
/// Bytes of a block, or of an element.
uint32_t bytesPerBlock(LatheType type);
/// Floats of 4 and 8 bits, integers of 2 and 4 bits: a byte an element.
inline bool isNarrowType(LatheType type) { return type >= LATHE_F8E4M3FN && type <= LATHE_U2; }
inline bool isBlockType(LatheType type) { return elementsPerBlock(type) > 1; }
/// Bytes of `rows` rows of `columns` elements, or nothing when columns is no multiple of the block or 64 bits overflow.
std::optional<uint64_t> bytesOfRows(LatheType type, uint64_t rows, uint64_t columns);

} // namespace lathe
