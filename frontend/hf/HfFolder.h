// A Hugging Face folder: config.json, generation_config.json and the weights in safetensors files, each confined to the
// folder. Relies on WeightTable and nlohmann json.
#pragma once

#include "frontend/dsl/ModelSource.h"

#include <nlohmann/json.hpp>

namespace lathe {

class HfFolder {
public:
  /// Reads the configuration and maps model.safetensors, or the files that model.safetensors.index.json lists.
  static Result<HfFolder> open(const std::string &folder);
  /// Reads one safetensors file and, where it is there, the config.json beside it.
  static Result<HfFolder> openFile(const std::string &path);

  const std::string &path() const { return path_; }
  /// "model_type" of config.json; empty: it has none.
  std::string architecture() const;
  /// The ids of "eos_token_id" in generation_config.json and config.json, each once.
  std::vector<int32_t> endIds() const;
  /// Parameters and weights; the folder must outlive the result.
  ModelSource source() const;
  WeightTable takeWeights() { return std::move(weights_); }

private:
  std::string path_;
  nlohmann::json config_ = nlohmann::json::object(), generation_ = nlohmann::json::object();
  WeightTable weights_;
};

} // namespace lathe
