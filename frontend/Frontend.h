// Models of any format as one thing: a module in the llm dialect, the weights it refers to, the tokenizer and metadata.
// The only header of frontend/ that other parts include (with frontend/files/ for the weights).
#pragma once

#include "frontend/files/WeightTable.h"
#include "runtime/Status.h"
#include "runtime/tokenizer/TokenizerSpec.h"

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/OwningOpRef.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace lathe {

/// What an import gives. docs/architecture.md says what the module looks like.
struct Model {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  WeightTable weights;
  std::optional<TokenizerSpec> tokenizer; ///< nothing: the model came without one
  nlohmann::json metadata = nlohmann::json::object();
};

struct ImportOptions {
  std::string weights; ///< `.lm` only: the GGUF or safetensors file, or Hugging Face folder, that holds the weights
};

/// Reads a .gguf, .onnx or .lm file, a Hugging Face folder, or a folder with genai_config.json. The context must
/// outlive the result. Fails with one message that names the file and what is wrong with it.
Result<Model> importModel(mlir::MLIRContext &context, const std::string &path, const ImportOptions &options = {});

/// The tokenizer alone of a GGUF file, of a model folder (its weights are not looked at), or of the folder that a model
/// file or a tokenizer file lies in; nothing when a GGUF file says it has none.
Result<std::optional<TokenizerSpec>> importTokenizer(const std::string &path);

} // namespace lathe
