// The parameter of common/cpu/key_pattern.h, from an attention op.
#pragma once

#include "kernels-templates/Catalog.h"

#include <algorithm>
#include <array>
#include <vector>

namespace lathe::kernels {

/// lastBlocks and denseLength: 0 where the sequence's end is not known.
template <class Op>
void setPattern(Op op, Launch &launch, mlir::Builder &builder, int64_t lastBlocks, int64_t denseLength) {
  using Numbers = llvm::ArrayRef<int64_t>;
  Numbers segments = op.getSegments().value_or(Numbers()), dilations = op.getDilations().value_or(Numbers()),
          given = op.getBlockPairs().value_or(Numbers());
  std::vector<int64_t> numbers = {static_cast<int64_t>(segments.size())};
  for (auto [length, dilation] : llvm::zip(segments, dilations))
    numbers.insert(numbers.end(), {length, dilation});
  if (op.getBlockSize() > 0)
    numbers.insert(numbers.end(),
                   {static_cast<int64_t>(op.getBlockSize()), static_cast<int64_t>(op.getBlockWindow()),
                    static_cast<int64_t>(op.getFirstBlocks()), lastBlocks, denseLength});
  std::vector<std::array<int64_t, 3>> pairs; // the query's block leads
  for (size_t i = 0; i + 2 < given.size(); i += 3)
    pairs.push_back({given[i + 1], given[i], given[i + 2]});
  std::sort(pairs.begin(), pairs.end());
  for (const std::array<int64_t, 3> &pair : pairs)
    numbers.insert(numbers.end(), pair.begin(), pair.end());
  launch.set(builder, "pattern", Numbers(numbers));
}

} // namespace lathe::kernels
