// Splits a serialized ONNX model into its graph and its weights' bytes: protobuf would copy every raw_data, while
// weights are to stay in the mapped file. Relies on protobuf's wire format and the field numbers of onnx-ml.proto
// alone.
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lathe {

/// Where the raw_data of an initializer lies in the file; in which one, where a model is in several.
struct ByteRange {
  uint64_t offset = 0, size = 0;
  uint32_t file = 0;
};

struct SplitModel {
  /// The model without the raw_data of initializers of the main graph.
  std::string skeleton;
  /// An entry for each initializer of the main graph, in order; empty ranges for those without raw_data.
  std::vector<ByteRange> rawData;
};

/// Fails for bytes that are no protobuf message, and for a skeleton of more than `skeletonLimit` bytes.
Result<SplitModel> splitModel(std::span<const uint8_t> bytes, uint64_t skeletonLimit);

} // namespace lathe
