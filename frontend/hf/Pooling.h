// How the folder of a sentence encoder says that hidden states become a vector. Relies on nlohmann json.
#pragma once

#include "runtime/Status.h"

#include <nlohmann/json.hpp>
#include <string>

namespace lathe {

/// Reads modules.json, the configuration of its Pooling module and sentence_bert_config.json of `folder` (or of the folder
/// above, for onnx/model.onnx) and sets "pooling", "normalize" and "longest_text" of `metadata` (runtime/Metadata.h); leaves
/// them alone where there is no modules.json. A module that does something else is named in "pooling", which then no
/// embedding supports. Fails for files that are damaged.
Status readPooling(const std::string &folder, nlohmann::json &metadata);

} // namespace lathe
