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

/// What a file says of itself, and what of it is not supported; filled as far as reading it came.
struct ModelFacts {
  struct Unsupported {
    std::string domain, name; ///< "ai.onnx", "Foo"
    std::string what;         ///< more on it: "a function of the model"; may be empty
    int64_t opset = 0, count = 0;
    std::string first; ///< the first node
    std::string hint;  ///< may be empty
  };
  std::string format, producer; ///< "ONNX", "pytorch 2.9"
  std::vector<std::pair<std::string, int64_t>> opsets;
  int64_t nodes = 0;
  uint64_t parameters = 0, parameterBytes = 0;
  std::vector<Unsupported> unsupported;
};

struct ImportOptions {
  std::string weights; ///< `.lm` only: the GGUF or safetensors file, or Hugging Face folder, that holds the weights
  /// `.onnx` only: inputs whose values are known. The graph is that for these values and has no such input; entries that
  /// are no input of it are left alone.
  std::vector<Weight> constants;
  ModelFacts *facts = nullptr; ///< filled, also where the import fails; may be null
};

/// Reads a .gguf, .onnx or .lm file, a Hugging Face folder, or a folder with genai_config.json. The context must
/// outlive the result. Fails with one message that names the file and what is wrong with it.
Result<Model> importModel(mlir::MLIRContext &context, const std::string &path, const ImportOptions &options = {});

/// The tokenizer alone of a GGUF file, of a model folder (its weights are not looked at), or of the folder that a model
/// file or a tokenizer file lies in; nothing when a GGUF file says it has none.
Result<std::optional<TokenizerSpec>> importTokenizer(const std::string &path);

/// The tensor in a file of its own, as ONNX's test cases have them (TensorProto, without external data). Fails, with the
/// file named, for what is no tensor or has a type that artifact.h does not know.
Result<Weight> readTensorFile(const std::string &path);

} // namespace lathe
