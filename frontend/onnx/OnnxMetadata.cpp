// See OnnxMetadata.h.
#include "frontend/onnx/OnnxMetadata.h"
#include "frontend/onnx/OnnxFolder.h"
#include "frontend/tokenizer/FolderTokenizer.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <filesystem>

using nlohmann::json;

namespace lathe {

namespace {

namespace fs = std::filesystem;

void take(json &metadata, const char *name, const json *value, bool (json::*isKind)() const noexcept) {
  if (value && (value->*isKind)() && !metadata.contains(name))
    metadata[name] = *value;
}

void takeEnd(json &metadata, const json *value) {
  if (!value || metadata.contains("eos_ids"))
    return;
  json ids = json::array();
  for (const json &id : value->is_array() ? *value : json::array({*value}))
    if (id.is_number_integer())
      ids.push_back(id);
  if (!ids.empty())
    metadata["eos_ids"] = ids;
}

void takeAll(json &metadata, const json &config, bool isGenai) {
  const json empty = json::object();
  const json *inner = isGenai ? memberOf(config, {"model"}) : &config;
  const json &from = inner && inner->is_object() ? *inner : empty;
  take(metadata, "architecture", memberOf(from, {isGenai ? "type" : "model_type"}), &json::is_string);
  for (const char *name : {"context_length", "max_position_embeddings", "n_positions", "n_ctx"})
    take(metadata, "context_length", memberOf(from, {name}), &json::is_number_unsigned);
  takeEnd(metadata, memberOf(from, {"eos_token_id"}));
}

} // namespace

Status readOnnxMetadata(const std::string &folder, Model &model) {
  for (const char *name : {"genai_config.json", "config.json"}) {
    Result<json> config = readFolderConfig(folder, name);
    if (!config)
      return config.status();
    if (config->is_object())
      takeAll(model.metadata, *config, std::string_view(name) == "genai_config.json");
  }
  std::error_code error;
  fs::path full = fs::weakly_canonical(folder, error);
  if (!error && full.has_filename())
    model.metadata["name"] = full.filename().string();
  auto function = model.module->lookupSymbol<mlir::func::FuncOp>("forward");
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto name = function.getResultAttrOfType<mlir::StringAttr>(i, "llm.name");
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(function.getFunctionType().getResult(i));
    if (name && name.getValue() == "logits" && type && type.getRank() > 0 && !type.isDynamicDim(type.getRank() - 1))
      model.metadata["vocabulary"] = type.getShape().back();
  }
  if (hasFolderTokenizer(folder)) {
    Result<TokenizerSpec> tokenizer = readFolderTokenizer(folder);
    if (!tokenizer)
      return tokenizer.status();
    model.tokenizer = std::move(*tokenizer);
  }
  return Status::success();
}

} // namespace lathe
