// See OnnxFolder.h. Source of the names: ONNX Runtime GenAI's configuration reader.
#include "frontend/onnx/OnnxFolder.h"
#include "frontend/files/MappedFile.h"
#include "frontend/files/Quoted.h"

#include <algorithm>
#include <filesystem>
#include <set>

using nlohmann::json;

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr uint64_t largestConfig = uint64_t(16) << 20;
constexpr size_t mostParts = 64;

/// Whether `name` is the pattern with digits for its %d.
bool matches(const std::string &pattern, const std::string &name) {
  size_t place = pattern.find("%d");
  if (place == std::string::npos)
    return pattern == name;
  size_t tail = pattern.size() - place - 2;
  if (name.size() <= place + tail || name.compare(0, place, pattern, 0, place) != 0 ||
      name.compare(name.size() - tail, tail, pattern, place + 2) != 0)
    return false;
  return std::all_of(name.begin() + place, name.end() - tail, [](char c) { return c >= '0' && c <= '9'; });
}

/// What genai_config.json calls an input or output -> what importers do.
constexpr std::pair<const char *, const char *> roleNames[] = {
    {"input_ids", "input_ids"},
    {"inputs_embeds", "inputs_embeds"},
    {"attention_mask", "attention_mask"},
    {"position_ids", "position_ids"},
    {"past_key_names", "past"},
    {"past_value_names", "past"},
    {"past_names", "past"},
    {"logits", "logits"},
};

void readNames(const json *names, OnnxFiles &files, bool areOutputs) {
  if (!names || !names->is_object())
    return;
  for (const auto &[what, name] : names->items()) {
    if (!name.is_string())
      continue;
    if (areOutputs)
      files.outputs.push_back(name.get<std::string>());
    for (auto [known, role] : roleNames)
      if (what == known && name != role)
        files.roles.emplace_back(name.get<std::string>(), role);
  }
}

Status addPart(OnnxFiles &files, const std::string &config, const std::string &name, const json *filename,
               const json *forwarded) {
  std::string place = name.empty() ? "" : " of the part " + lathe::quoted(name);
  if (!filename || !filename->is_string())
    return Status::failure(config + ": has no filename" + (name.empty() ? " of the decoder" : place));
  Result<std::string> path = confinedPath(files.folder, filename->get<std::string>());
  if (!path)
    return Status::failure(config + ": names the model " + lathe::quoted(filename->get<std::string>()) + place + ": " +
                           path.message());
  if (files.parts.size() == mostParts)
    return Status::failure(config + ": has more than " + std::to_string(mostParts) + " parts");
  OnnxFiles::Part part{name, *path, {}};
  if (forwarded && forwarded->is_object())
    for (const auto &[from, to] : forwarded->items())
      if (to.is_string())
        part.forwarded[from] = to.get<std::string>();
  files.parts.push_back(std::move(part));
  return Status::success();
}

bool isFalse(const json *value) { return value && value->is_boolean() && !value->get<bool>(); }

/// The parts of model.decoder.pipeline. Those that run on the prompt alone are variants of others, of a fixed size.
Status readPipeline(OnnxFiles &files, const std::string &config, const json &pipeline) {
  if (!pipeline.is_array())
    return Status::failure(config + ": has a pipeline that is no list");
  std::set<std::string> names;
  for (const json &group : pipeline) {
    if (!group.is_object())
      return Status::failure(config + ": has a part of the pipeline that is no object");
    for (const auto &[name, part] : group.items()) {
      if (!names.insert(name).second)
        return Status::failure(config + ": names the part " + lathe::quoted(name) + " twice");
      if (isFalse(memberOf(part, {"run_on_token_gen"})))
        continue;
      if (Status status =
              addPart(files, config, name, memberOf(part, {"filename"}), memberOf(part, {"output_names_forwarder"}));
          !status)
        return status;
    }
  }
  return files.parts.empty() ? Status::failure(config + ": has a pipeline without parts") : Status::success();
}

/// What the configuration says of names; and of files when `wantsFiles`.
Status readGenai(OnnxFiles &files, const json &config, bool wantsFiles) {
  std::string place = files.folder + "/genai_config.json";
  const json *decoder = memberOf(config, {"model", "decoder"});
  if (!decoder || !decoder->is_object())
    return wantsFiles ? Status::failure(place + ": has no model.decoder") : Status::success();
  readNames(memberOf(*decoder, {"inputs"}), files, false);
  readNames(memberOf(*decoder, {"outputs"}), files, true);
  if (!wantsFiles)
    return Status::success();
  if (memberOf(config, {"model", "encoder", "filename"}))
    return Status::failure(place +
                           ": is of an encoder and a decoder in files of their own; name the .onnx file that is "
                           "wanted");
  if (const json *pipeline = memberOf(*decoder, {"pipeline"}); pipeline && !pipeline->empty())
    return readPipeline(files, place, *pipeline);
  if (!memberOf(*decoder, {"filename"}))
    return Status::failure(place + ": has neither model.decoder.filename nor a pipeline");
  if (Status status = addPart(files, place, "", memberOf(*decoder, {"filename"}), nullptr); !status)
    return status;
  // Models that take pictures or sounds turn ids into vectors in a file of its own.
  const json *embedding = memberOf(config, {"model", "embedding", "filename"});
  if (!embedding)
    return Status::success();
  files.parts.front().name = "decoder";
  return addPart(files, place, "embedding", embedding, nullptr);
}

} // namespace

Result<json> readFolderConfig(const std::string &folder, const std::string &name) {
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

const json *memberOf(const json &object, std::initializer_list<const char *> path) {
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

std::string OnnxFiles::roleOf(const std::string &name) const {
  for (const auto &[pattern, role] : roles)
    if (matches(pattern, name))
      return role;
  return name;
}

bool OnnxFiles::isWanted(const std::string &output) const {
  return std::any_of(outputs.begin(), outputs.end(),
                     [&](const std::string &pattern) { return matches(pattern, output); });
}

Result<OnnxFiles> findOnnxFiles(const std::string &path) {
  std::error_code error;
  OnnxFiles files;
  bool isFolder = fs::is_directory(path, error);
  files.folder = isFolder ? path : fs::path(path).parent_path().string();
  if (files.folder.empty())
    files.folder = ".";
  Result<json> genai = readFolderConfig(files.folder, "genai_config.json");
  if (!genai)
    return genai.status();
  if (genai->is_object())
    if (Status status = readGenai(files, *genai, isFolder); !status)
      return status;
  if (!isFolder)
    files.parts.push_back({"", path, {}});
  if (!files.parts.empty())
    return files;
  std::vector<std::string> found;
  for (const fs::directory_entry &entry : fs::directory_iterator(path, error))
    if (entry.path().extension() == ".onnx")
      found.push_back(entry.path().filename().string());
  if (found.size() == 1) {
    files.parts.push_back({"", path + "/" + found.front(), {}});
    return files;
  }
  std::sort(found.begin(), found.end());
  if (found.empty())
    return Status::failure(path + ": has neither a genai_config.json nor an .onnx file");
  std::string names;
  for (size_t i = 0; i < found.size() && i < 8; ++i)
    names += (i ? ", " : "") + lathe::quoted(found[i]);
  return Status::failure(path + ": has " + std::to_string(found.size()) + " .onnx files (" + names +
                         "); name the one that is wanted");
}

} // namespace lathe
