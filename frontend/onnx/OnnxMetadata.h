// Which file of a folder is the model, and what the files beside it say: genai_config.json, config.json,
// tokenizer.json.
#pragma once

#include "frontend/Frontend.h"

namespace lathe {

/// `path` itself when it is no folder, else the .onnx file in it: of genai_config.json, or the only one.
Result<std::string> findOnnxFile(const std::string &path);

/// Fills model.metadata (docs/architecture.md) and model.tokenizer from the files in `folder`, and what those leave out
/// from the module. Files that are not there are no error; files that are damaged are.
Status readOnnxMetadata(const std::string &folder, Model &model);

} // namespace lathe
