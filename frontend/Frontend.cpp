// importModel(): tells what a path is, reads it, and chooses the architecture. Relies on the readers in frontend/'s
// folders.
#include "frontend/Frontend.h"
#include "frontend/dsl/Dsl.h"
#include "frontend/files/Quoted.h"
#include "frontend/gguf/GgufModel.h"
#include "frontend/hf/HfFolder.h"
#include "frontend/hf/Pooling.h"
#include "frontend/onnx/Onnx.h"
#include "frontend/tokenizer/FolderTokenizer.h"
#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>
#include <filesystem>

namespace lathe {

namespace {

std::string join(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool isFolder(const std::string &path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

bool hasFile(const std::string &folder, const char *name) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::path(folder) / name, error);
}

bool beginsLikeGguf(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  return file && (*file)->size() >= 4 &&
         std::equal(std::begin("GGUF"), std::begin("GGUF") + 4, (*file)->bytes().begin());
}

/// The built-in model for an architecture's name in GGUF or Hugging Face files.
Result<dsl::ModelText> chooseModel(mlir::MLIRContext &context, const std::string &path, const std::string &architecture,
                                   ModelSource::Kind kind) {
  Result<std::vector<dsl::ModelText>> models = dsl::builtInModels(context);
  if (!models)
    return models.status();
  std::vector<std::string> known;
  for (dsl::ModelText &model : *models) {
    const std::vector<std::string> &names = kind == ModelSource::Kind::Gguf ? model.gguf : model.hf;
    if (std::find(names.begin(), names.end(), architecture) != names.end())
      return std::move(model);
    known.insert(known.end(), names.begin(), names.end());
  }
  std::sort(known.begin(), known.end());
  return Status::failure(path + ": the architecture " + lathe::quoted(architecture) +
                         " is not supported; supported: " + join(known) + "; a .lm file brings others");
}

/// Builds the graph; `text` is the model file that was given, or nothing for the built-in one.
Status buildGraph(mlir::MLIRContext &context, const dsl::ModelText *text, const ModelSource &source,
                  const std::string &architecture, Model &model) {
  std::optional<dsl::ModelText> chosen;
  if (!text) {
    Result<dsl::ModelText> found = chooseModel(context, source.path, architecture, source.kind);
    if (!found)
      return found.status();
    chosen = std::move(*found);
    text = &*chosen;
  }
  Result<dsl::Built> built = dsl::build(*text, source, context);
  if (!built)
    return built.status();
  model.module = std::move(built->module);
  model.metadata["architecture"] = text->name;
  for (std::string_view name : {"context_length", "vocabulary", "decoder_start"}) {
    auto found = built->parameters.find(std::string(name));
    const int64_t *value = found == built->parameters.end() ? nullptr : std::get_if<int64_t>(&found->second);
    if (value && *value >= (name == "decoder_start" ? 0 : 1) && *value <= UINT32_MAX)
      model.metadata[name] = *value;
  }
  // Inputs that a caller may leave out, and what they are then filled with.
  if (auto forward = model.module->lookupSymbol<mlir::func::FuncOp>("forward"))
    for (unsigned index = 0; index < forward.getNumArguments(); ++index)
      if (auto otherwise = forward.getArgAttrOfType<mlir::IntegerAttr>(index, "llm.default"))
        model.metadata["input_defaults"][forward.getArgAttrOfType<mlir::StringAttr>(index, "llm.name").str()] =
            otherwise.getInt();
  return Status::success();
}

void describeTokens(Model &model, std::vector<int32_t> ends) {
  if (model.tokenizer) {
    for (int32_t id : model.tokenizer->endIds)
      if (std::find(ends.begin(), ends.end(), id) == ends.end())
        ends.push_back(id);
    if (model.tokenizer->bos != TokenizerSpec::none)
      model.metadata["bos_id"] = model.tokenizer->bos;
  }
  if (!ends.empty())
    model.metadata["eos_ids"] = ends;
}

/// Fills `facts`, where there are any.
void describe(ModelFacts *facts, const char *format, const std::string &architecture, const WeightTable *weights) {
  if (!facts)
    return;
  facts->format = format;
  facts->producer = architecture.empty() ? "" : "architecture " + architecture;
  for (size_t i = 0; weights && i < weights->size(); ++i) {
    facts->parameters += elementCount((*weights)[i].shape).value_or(0);
    facts->parameterBytes += (*weights)[i].bytes;
  }
}

Result<Model> importGguf(mlir::MLIRContext &context, const std::string &path, const dsl::ModelText *text,
                         ModelFacts *facts) {
  Result<GgufFile> file = GgufFile::open(path);
  if (!file)
    return file.status();
  std::optional<std::string_view> architecture = file->string("general.architecture");
  if (!architecture)
    return Status::failure(path + ": the metadata key 'general.architecture' is missing or no text");
  describe(facts, "GGUF", std::string(*architecture), &file->weights());
  Model model;
  if (Status status = buildGraph(context, text, sourceOf(*file), std::string(*architecture), model); !status)
    return status;
  Result<std::optional<TokenizerSpec>> tokenizer = tokenizerOf(*file);
  if (!tokenizer)
    return tokenizer.status();
  model.tokenizer = std::move(*tokenizer);
  model.metadata["name"] = std::string(file->string("general.name").value_or(""));
  std::vector<int32_t> ends;
  if (std::optional<int64_t> id = file->integer("tokenizer.ggml.eos_token_id"); id && *id >= 0 && *id < INT32_MAX)
    ends.push_back(static_cast<int32_t>(*id));
  describeTokens(model, std::move(ends));
  static constexpr const char *poolings[] = {nullptr, "mean", "cls", "last", "rank"};
  if (auto kind = file->integer(std::string(*architecture) + ".pooling_type"); kind && *kind > 0 && *kind < 5)
    model.metadata["pooling"] = poolings[*kind];
  model.weights = file->takeWeights();
  return model;
}

/// A Hugging Face folder, or one safetensors file with what lies beside it.
Result<Model> importHuggingFace(mlir::MLIRContext &context, const std::string &path, const dsl::ModelText *text,
                                ModelFacts *facts) {
  bool isFile = !isFolder(path);
  Result<HfFolder> folder = isFile ? HfFolder::openFile(path) : HfFolder::open(path);
  if (!folder)
    return folder.status();
  if (!text && folder->architecture().empty())
    return Status::failure(path + ": config.json has no text 'model_type'");
  describe(facts, isFile ? "safetensors" : "Hugging Face folder", folder->architecture(), folder->source().weights);
  Model model;
  if (Status status = buildGraph(context, text, folder->source(), folder->architecture(), model); !status)
    return status;
  std::filesystem::path place = std::filesystem::path(path);
  std::string files = isFile ? (place.has_parent_path() ? place.parent_path().string() : ".") : path;
  if (hasFolderTokenizer(files)) {
    Result<TokenizerSpec> tokenizer = readFolderTokenizer(files);
    if (!tokenizer)
      return tokenizer.status();
    model.tokenizer = std::move(*tokenizer);
  }
  if (Status status = readPooling(files, model.metadata); !status)
    return status;
  std::filesystem::path named = place.has_filename() ? place : place.parent_path(); // "model/" has no last name
  model.metadata["name"] = named.filename().string();
  describeTokens(model, folder->endIds());
  model.weights = folder->takeWeights();
  return model;
}

Result<Model> importModelLanguage(mlir::MLIRContext &context, const std::string &path, const std::string &weights,
                                  ModelFacts *facts) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.status();
  std::span<const uint8_t> bytes = (*file)->bytes();
  Result<dsl::ModelText> text = dsl::parse({path, std::string(bytes.begin(), bytes.end())});
  if (!text)
    return text.status();
  if (Status status = dsl::check(*text, context); !status)
    return status;
  if (!weights.empty()) {
    if (isFolder(weights) || weights.ends_with(".safetensors"))
      return importHuggingFace(context, weights, &*text, facts);
    if (beginsLikeGguf(weights) || weights.ends_with(".gguf"))
      return importGguf(context, weights, &*text, facts);
    return Status::failure(weights + ": is no file of weights; supported: GGUF, safetensors, Hugging Face folder");
  }
  describe(facts, "model language", text->name, nullptr);
  Model model;
  if (Status status = buildGraph(context, &*text, ModelSource(), "", model); !status)
    return status;
  model.metadata["name"] = text->name;
  return model;
}

} // namespace

Result<std::optional<TokenizerSpec>> importTokenizer(const std::string &path) {
  if (!isFolder(path) && (beginsLikeGguf(path) || path.ends_with(".gguf"))) {
    Result<GgufFile> file = GgufFile::open(path);
    return file ? tokenizerOf(*file) : Result<std::optional<TokenizerSpec>>(file.status());
  }
  std::filesystem::path place(path);
  std::error_code error;
  if (!std::filesystem::exists(place, error))
    return Status::failure(path + ": " + (error ? error.message() : "no such file or folder"));
  if (!isFolder(path))
    place = place.has_parent_path() ? place.parent_path() : std::filesystem::path(".");
  Result<TokenizerSpec> spec = readFolderTokenizer(place.string());
  if (!spec)
    return isFolder(path) ? spec.status() : Status::failure(path + ": beside it, " + spec.message());
  return std::optional(std::move(*spec));
}

Result<Model> importModel(mlir::MLIRContext &context, const std::string &path, const ImportOptions &options) {
  context.loadDialect<llm::LlmDialect, mlir::func::FuncDialect>();
  if (path.ends_with(".lm"))
    return importModelLanguage(context, path, options.weights, options.facts);
  if (!options.weights.empty())
    return Status::failure(path + ": a file of weights goes with a .lm file only");
  if (isFolder(path)) {
    if (hasFile(path, "genai_config.json"))
      return importOnnx(context, path, options.facts, options.constants);
    if (hasFile(path, "config.json"))
      return importHuggingFace(context, path, nullptr, options.facts);
    return Status::failure(
        path + ": is a folder without genai_config.json (ONNX Runtime GenAI) or config.json (Hugging Face)");
  }
  if (path.ends_with(".onnx")) {
    Result<Model> model = importOnnx(context, path, options.facts, options.constants);
    std::filesystem::path place = std::filesystem::path(path).parent_path();
    if (model)
      if (Status status = readPooling(place.empty() ? "." : place.string(), model->metadata); !status)
        return status;
    return model;
  }
  if (path.ends_with(".gguf"))
    return importGguf(context, path, nullptr, options.facts);
  if (path.ends_with(".safetensors"))
    return Status::failure(path + ": is one file of a model; give the folder that holds it and its config.json");
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return Status::failure(path + ": does not exist");
  if (beginsLikeGguf(path))
    return importGguf(context, path, nullptr, options.facts);
  return Status::failure(
      path + ": is no model; supported: .gguf, .onnx, .lm, a Hugging Face folder, a folder with genai_config.json");
}

} // namespace lathe
