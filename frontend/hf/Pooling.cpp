// See Pooling.h. Source: sentence-transformers' saved models.
#include "frontend/hf/Pooling.h"

#include "frontend/files/MappedFile.h"

#include <filesystem>

namespace lathe {
namespace {

using nlohmann::json;

constexpr uint64_t largestFile = 1 << 20;

/// The file's value, or null when it is not there. `name` comes from a file: it stays inside of the folder.
Result<json> read(const std::string &folder, const std::string &name) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::path(folder) / name, error))
    return json();
  Result<std::string> path = confinedPath(folder, name);
  if (!path)
    return path.status();
  auto file = MappedFile::open(*path);
  if (!file)
    return file.status();
  if ((*file)->size() > largestFile)
    return Status::failure(*path + ": has " + std::to_string((*file)->size()) + " bytes, which is no configuration");
  std::span<const uint8_t> bytes = (*file)->bytes();
  json value = json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!value.is_object() && !value.is_array())
    return Status::failure(*path + ": is no JSON object or list");
  return value;
}

std::string textOf(const json &object, const char *key) {
  auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string modeOf(const json &pooling) {
  static constexpr std::pair<const char *, const char *> modes[] = {{"pooling_mode_cls_token", "cls"},
                                                                    {"pooling_mode_mean_tokens", "mean"},
                                                                    {"pooling_mode_max_tokens", "max"},
                                                                    {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt"},
                                                                    {"pooling_mode_lasttoken", "last"},
                                                                    {"pooling_mode_weightedmean_tokens", "weighted mean"}};
  std::string mode = textOf(pooling, "pooling_mode");
  for (auto [key, name] : modes)
    if (pooling.is_object() && pooling.value(key, json()) == json(true))
      mode += (mode.empty() ? "" : " and ") + std::string(name);
  return mode.empty() ? "mean" : mode;
}

} // namespace

Status readPooling(const std::string &given, json &metadata) {
  std::string folder = given;
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(given, error);
  if (!std::filesystem::exists(place / "modules.json", error) && place.filename() == "onnx")
    folder = place.parent_path().string();
  Result<json> modules = read(folder, "modules.json");
  if (!modules)
    return modules.status();
  if (!modules->is_array())
    return Status::success();
  std::string pooling;
  bool normalizes = false;
  for (const json &module : *modules) {
    std::string type = textOf(module, "type");
    std::string kind = type.substr(type.rfind('.') == std::string::npos ? 0 : type.rfind('.') + 1);
    if (kind == "Pooling") {
      Result<json> config = read(folder, textOf(module, "path") + "/config.json");
      if (!config)
        return config.status();
      pooling = modeOf(*config);
    } else if (kind == "Normalize") {
      normalizes = true;
    } else if (kind != "Transformer") {
      pooling += " and " + kind;
    }
  }
  metadata["pooling"] = pooling.empty() ? "mean" : pooling;
  metadata["normalize"] = normalizes;
  Result<json> limits = read(folder, "sentence_bert_config.json");
  if (!limits)
    return limits.status();
  if (limits->is_object())
    if (auto found = limits->find("max_seq_length"); found != limits->end() && found->is_number_unsigned())
      metadata["longest_text"] = std::min<uint64_t>(found->get<uint64_t>(), INT32_MAX);
  return Status::success();
}

} // namespace lathe
