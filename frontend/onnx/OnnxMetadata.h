// What the files beside a model say: genai_config.json, config.json, tokenizer.json.
#pragma once

#include "frontend/Frontend.h"

namespace lathe {

/// Fills model.metadata (docs/architecture.md) and model.tokenizer from the files in `folder`, and what those leave out
/// from the module. Files that are not there are no error; files that are damaged are.
Status readOnnxMetadata(const std::string &folder, Model &model);

} // namespace lathe
