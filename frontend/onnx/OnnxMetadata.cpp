// See OnnxMetadata.h.
#include "frontend/onnx/OnnxMetadata.h"
#include "frontend/files/Quoted.h"
#include "frontend/tokenizer/FolderTokenizer.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <filesystem>

using nlohmann::json;

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t largestConfig = uint64_t(16) << 20;

/// An object, or null when the file is not there.
Result<json> readConfig(const std::string &folder, const std::string &name) {
  std::error_code error;
  std::string path = folder + "/" + name;
  if (!fs::exists(path, error))
    return json();
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.status();
  if ((*file)->size() > largestConfig)
    return Status::failure(path + ": has " + std::to_string((*file)->size()) + " bytes, which is no configuration");
  std::span<const uint8_t> bytes = (*file)->bytes();
  // The callback bounds the nesting: the parser itself recurses.
  json::parser_callback_t shallow = [](int depth, json::parse_event_t, json &) { return depth < 64; };
  json value = json::parse(bytes.begin(), bytes.end(), shallow, false);
  if (!value.is_object())
    return Status::failure(path + ": is no JSON object");
  return value;
}

const json *member(const json &object, std::initializer_list<const char *> path) {
  const json *at = &object;
  for (const char *name : path) {
    if (!at->is_object())
      return nullptr;
    auto found = at->find(name);
    if (found == at->end())
      return nullptr;
    at = &*found;
  }
  return at;
}

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
  const json *inner = isGenai ? member(config, {"model"}) : &config;
  const json &from = inner && inner->is_object() ? *inner : empty;
  take(metadata, "architecture", member(from, {isGenai ? "type" : "model_type"}), &json::is_string);
  for (const char *name : {"context_length", "max_position_embeddings", "n_positions", "n_ctx"})
    take(metadata, "context_length", member(from, {name}), &json::is_number_unsigned);
  takeEnd(metadata, member(from, {"eos_token_id"}));
}

} // namespace

Result<std::string> findOnnxFile(const std::string &path) {
  std::error_code error;
  if (!fs::is_directory(path, error))
    return path;
  Result<json> genai = readConfig(path, "genai_config.json");
  if (!genai)
    return genai.status();
  if (genai->is_object()) {
    const json *name = member(*genai, {"model", "decoder", "filename"});
    if (!name || !name->is_string())
      return Status::failure(path + "/genai_config.json: has no model.decoder.filename");
    Result<std::string> file = confinedPath(path, name->get<std::string>());
    if (!file)
      return Status::failure(path + "/genai_config.json: names the model " + lathe::quoted(name->get<std::string>()) +
                             ": " + file.message());
    return file;
  }
  std::vector<std::string> found;
  for (const fs::directory_entry &entry : fs::directory_iterator(path, error))
    if (entry.path().extension() == ".onnx")
      found.push_back(entry.path().filename().string());
  if (found.size() == 1)
    return path + "/" + found.front();
  std::sort(found.begin(), found.end());
  if (found.empty())
    return Status::failure(path + ": has neither a genai_config.json nor an .onnx file");
  std::string names;
  for (size_t i = 0; i < found.size() && i < 8; ++i)
    names += (i ? ", " : "") + lathe::quoted(found[i]);
  return Status::failure(path + ": has " + std::to_string(found.size()) + " .onnx files (" + names +
                         "); name the one that is wanted");
}

Status readOnnxMetadata(const std::string &folder, Model &model) {
  for (const char *name : {"genai_config.json", "config.json"}) {
    Result<json> config = readConfig(folder, name);
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
