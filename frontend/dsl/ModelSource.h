// What the model language asks of a file that brings parameters and weights: a GGUF file or a Hugging Face folder.
// Relies on WeightTable.
#pragma once

#include "frontend/files/WeightTable.h"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace lathe {

using ParameterItem = std::variant<bool, int64_t, double, std::string>;
using ParameterValue = std::variant<bool, int64_t, double, std::string, std::vector<ParameterItem>>;

/// The most elements that a list may have, in files and in the language.
inline constexpr size_t maximalParameterList = 1 << 16;

struct ModelSource {
  enum class Kind { None, Gguf, HuggingFace };

  Kind kind = Kind::None;
  std::string path; ///< for messages
  /// The value of a metadata key or of a path in config.json ("rope_scaling.factor"); nothing when it is absent or
  /// null. Fails when it is of a kind that no parameter has.
  std::function<Result<std::optional<ParameterValue>>(const std::string &key)> parameter;
  const WeightTable *weights = nullptr;
};

} // namespace lathe
