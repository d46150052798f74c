// Weights of model files -> the layouts that CPU kernels read (PackedLayout.h). Used when an artifact is written and
// when a model is loaded that refers to model files; both give the same bytes.
#pragma once

#include "runtime/Status.h"
#include "runtime/artifact.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lathe {

/// A piece and its bytes in the file.
struct PieceBytes {
  const LatheWeightPiece *piece;
  std::span<const std::byte> bytes;
};

/// Bytes of a packed weight, or nothing when the type has no such layout, columns are no whole blocks, or 64 bits
/// overflow. With interleave, `rows` must be even.
std::optional<uint64_t> packedBytes(LatheType type, LatheLayout layout, uint64_t rows, uint64_t columns,
                                    uint32_t interleave = 0);

/// Independent parts of the work of packWeight: groups of rows, or rows of LATHE_LAYOUT_PLAIN. 0 for an empty weight.
uint64_t packingParts(const LatheWeight &weight);

/// Packs a weight: `pieces` stacked along the rows; `out` has packedBytes(...) bytes. Pieces of another type than the
/// weight are converted (F32, F16 and BF16 to each other, block types to these). Fails when sizes do not fit each other
/// or a conversion is not possible; nothing in `pieces` is trusted.
Status packWeight(const LatheWeight &weight, std::span<const PieceBytes> pieces, std::span<std::byte> out);
Status packWeight(const LatheWeight &weight, std::span<const LatheWeightPiece> pieces,
                  std::span<const std::span<const std::byte>> bytes, std::span<std::byte> out);
/// Only the parts [begin, end); different parts may be packed on different threads.
Status packWeight(const LatheWeight &weight, std::span<const PieceBytes> pieces, std::span<std::byte> out,
                  uint64_t begin, uint64_t end);

/// Row `row` of a packed weight as f32, plainly, by the formulas of Dequantize.h; out has `columns` elements. For tests
/// and for looking into a model: weight.type, layout, interleave, rows and columns must be right, `row` exist.
Status unpackRow(const LatheWeight &weight, std::span<const std::byte> packed, uint64_t row, std::span<float> out);

} // namespace lathe
