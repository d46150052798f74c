// The metadata section of an artifact as typed values. Relies on nlohmann json (in the .cpp alone).
#pragma once

#include "runtime/Status.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// A code section's target and what the CPU must have for it, in LLVM's spelling ("avx2", "avx512vnni").
struct TargetFeatures {
  std::string target;
  std::vector<std::string> features;
};

/// What the runtime uses of the JSON object; keys it does not know are left alone.
struct Metadata {
  std::string architecture, name;
  std::string compute, kvType; ///< what --compute and --kv-type were at compile time; empty: not recorded
  uint32_t contextLength = 0;  ///< positions the model was trained for; 0: not known
  uint32_t vocabulary = 0;     ///< 0: not known
  std::optional<uint32_t> decoderStart; ///< of an encoder-decoder: the token its answers begin with
  uint32_t pageTokens = 64;    ///< positions in a page of the KV cache
  std::vector<int32_t> endIds; ///< tokens that end a text, from "eos_ids"
  std::vector<TargetFeatures> targets;
  std::string pooling;      ///< of an encoder: runtime/Embedding.h knows the names; empty: not known
  bool normalize = true;    ///< its vectors have length 1
  uint32_t longestText = 0; ///< tokens that it takes; 0: not known

  /// Empty bytes give the defaults. Fails for anything but a JSON object and for values of the wrong kind.
  static Result<Metadata> parse(std::span<const std::byte> json);
};

} // namespace lathe
