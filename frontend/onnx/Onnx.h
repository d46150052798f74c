// ONNX models as modules of the llm dialect. The only header of this folder that other parts include; it does not see
// protobuf.
#pragma once

#include "frontend/Frontend.h"

namespace lathe {

/// Reads an .onnx file, or the one in a folder (genai_config.json says which; else there must be exactly one). Inline
/// and external weights stay in the mapped files; external ones must lie in the folder of the .onnx file. The tokenizer
/// and facts for the metadata are taken from files beside it. The module is verified. Operators that are not supported
/// are listed all in one message; other failures name the file and the node or tensor.
/// `constants` take the place of inputs (Frontend.h).
Result<Model> importOnnx(mlir::MLIRContext &context, const std::string &path, ModelFacts *facts = nullptr,
                         const std::vector<Weight> &constants = {});

/// The same for an .onnx file that is mapped already, without the files beside it; external weights are looked for in
/// `folder`.
Result<Model> importOnnxGraph(mlir::MLIRContext &context, std::shared_ptr<const MappedFile> file,
                              const std::string &folder);

} // namespace lathe
