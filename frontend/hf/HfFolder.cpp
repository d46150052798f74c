// Reading of Hugging Face folders; see HfFolder.h.
#include "frontend/hf/HfFolder.h"
#include "frontend/files/Quoted.h"
#include "frontend/hf/Safetensors.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>

namespace lathe {

namespace {

constexpr uint64_t maximalConfig = 16u << 20;

bool exists(const std::string &folder, const std::string &name) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::path(folder) / name, error);
}

/// A JSON object in a file of the folder.
Result<nlohmann::json> readObject(const std::string &folder, const std::string &name) {
  Result<std::string> path = confinedPath(folder, name);
  if (!path)
    return path.status();
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(*path);
  if (!file)
    return file.status();
  std::string place = folder + "/" + name;
  if ((*file)->size() > maximalConfig)
    return Status::failure(place + ": has " + std::to_string((*file)->size()) + " bytes, at most " +
                           std::to_string(maximalConfig) + " are read");
  std::span<const uint8_t> bytes = (*file)->bytes();
  nlohmann::json json = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return Status::failure(place + ": is not valid JSON");
  if (!json.is_object())
    return Status::failure(place + ": is no JSON object");
  return json;
}

Status addFile(const std::string &folder, const std::string &name, WeightTable &weights) {
  Result<std::string> path = confinedPath(folder, name);
  if (!path)
    return path.status();
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(*path);
  return file ? addSafetensors(*file, weights) : file.status();
}

Status addShards(const std::string &folder, const std::string &indexName, WeightTable &weights) {
  Result<nlohmann::json> index = readObject(folder, indexName);
  if (!index)
    return index.status();
  std::string place = folder + "/" + indexName;
  auto map = index->find("weight_map");
  if (map == index->end() || !map->is_object())
    return Status::failure(place + ": has no object 'weight_map'");
  std::set<std::string> files;
  for (const auto &[name, file] : map->items()) {
    if (!file.is_string())
      return Status::failure(place + ": the file of tensor " + lathe::quoted(name) + " is no text");
    files.insert(file.get<std::string>());
  }
  for (const std::string &file : files)
    if (Status status = addFile(folder, file, weights); !status)
      return status;
  for (const auto &[name, file] : map->items())
    if (!weights.contains(name))
      return Status::failure(place + ": tensor " + lathe::quoted(name) + " is not in " +
                             lathe::quoted(file.get<std::string>()));
  return Status::success();
}

/// The value at a path of names separated by dots; null when there is none.
const nlohmann::json *at(const nlohmann::json &object, std::string_view path) {
  const nlohmann::json *value = &object;
  while (!path.empty()) {
    size_t dot = std::min(path.find('.'), path.size());
    if (!value->is_object())
      return nullptr;
    auto found = value->find(path.substr(0, dot));
    if (found == value->end())
      return nullptr;
    value = &*found;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return value->is_null() ? nullptr : value;
}

/// A boolean, number or text; fails for anything else.
Result<ParameterItem> itemOf(const nlohmann::json &value, const std::string &key) {
  if (value.is_boolean())
    return ParameterItem(value.get<bool>());
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX)
    return Status::failure("config.json: " + lathe::quoted(key) + " is too large");
  if (value.is_number_integer())
    return ParameterItem(value.get<int64_t>());
  if (value.is_number_float())
    return ParameterItem(value.get<double>());
  if (value.is_string())
    return ParameterItem(value.get<std::string>());
  return Status::failure("config.json: " + lathe::quoted(key) + " is or holds " +
                         (value.is_null()    ? "a null"
                          : value.is_array() ? "a list of lists"
                                             : "an object") +
                         ", expected one value or a list of values");
}

Result<std::optional<ParameterValue>> parameterOf(const nlohmann::json &config, const std::string &key) {
  using Parameter = Result<std::optional<ParameterValue>>;
  const nlohmann::json *value = at(config, key);
  if (!value)
    return Parameter(std::nullopt);
  if (!value->is_array()) {
    Result<ParameterItem> item = itemOf(*value, key);
    return item ? Parameter(std::visit([](auto &&one) { return ParameterValue(one); }, *item)) : item.status();
  }
  if (value->size() > maximalParameterList)
    return Status::failure("config.json: " + lathe::quoted(key) + " is a list of " + std::to_string(value->size()) +
                           " values; at most " + std::to_string(maximalParameterList) + " are read");
  std::vector<ParameterItem> items;
  for (const nlohmann::json &element : *value) {
    Result<ParameterItem> item = itemOf(element, key);
    if (!item)
      return item.status();
    items.push_back(std::move(*item));
  }
  return Parameter(ParameterValue(std::move(items)));
}

void addIds(const nlohmann::json &config, std::vector<int32_t> &ids) {
  const nlohmann::json *value = at(config, "eos_token_id");
  if (!value)
    return;
  nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  std::unordered_set<int64_t> seen(ids.begin(), ids.end());
  for (const nlohmann::json &id : list) {
    if (!id.is_number_integer())
      continue;
    int64_t number = id.get<int64_t>();
    if (number >= 0 && number <= INT32_MAX && seen.insert(number).second)
      ids.push_back(static_cast<int32_t>(number));
  }
}

} // namespace

Result<HfFolder> HfFolder::open(const std::string &folder) {
  HfFolder result;
  result.path_ = folder;
  Result<nlohmann::json> config = readObject(folder, "config.json");
  if (!config)
    return config.status();
  result.config_ = std::move(*config);
  if (exists(folder, "generation_config.json")) {
    Result<nlohmann::json> generation = readObject(folder, "generation_config.json");
    if (!generation)
      return generation.status();
    result.generation_ = std::move(*generation);
  }
  const char *single = "model.safetensors", *index = "model.safetensors.index.json";
  Status status = exists(folder, single)  ? addFile(folder, single, result.weights_)
                  : exists(folder, index) ? addShards(folder, index, result.weights_)
                                          : Status::failure(folder + ": has neither " + single + " nor " + index);
  if (!status)
    return status;
  return result;
}

Result<HfFolder> HfFolder::openFile(const std::string &path) {
  HfFolder result;
  result.path_ = path;
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty())
    folder = ".";
  if (exists(folder, "config.json")) {
    Result<nlohmann::json> config = readObject(folder, "config.json");
    if (!config)
      return config.status();
    result.config_ = std::move(*config);
  }
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.status();
  if (Status status = addSafetensors(*file, result.weights_); !status)
    return status;
  return result;
}

std::string HfFolder::architecture() const {
  const nlohmann::json *type = at(config_, "model_type");
  return type && type->is_string() ? type->get<std::string>() : "";
}

std::vector<int32_t> HfFolder::endIds() const {
  std::vector<int32_t> ids;
  addIds(generation_, ids);
  addIds(config_, ids);
  return ids;
}

ModelSource HfFolder::source() const {
  ModelSource source;
  source.kind = ModelSource::Kind::HuggingFace;
  source.path = path_;
  source.parameter = [this](const std::string &key) { return parameterOf(config_, key); };
  source.weights = &weights_;
  return source;
}

} // namespace lathe
