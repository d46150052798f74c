// Which .onnx files of a folder are the model, and what their inputs and outputs are for: genai_config.json, or the
// only file there is. Does not look into the files.
#pragma once

#include "runtime/Status.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace lathe {

/// The files of a model. Several are parts of one graph: what one gives under a name is what another takes under it.
struct OnnxFiles {
  struct Part {
    std::string name; // of the part in genai_config.json; empty when there is one file
    std::string path;
    std::map<std::string, std::string> forwarded; // outputs that others take under another name
  };
  std::string folder; // external weights, the tokenizer and configurations are looked for there
  std::vector<Part> parts;
  /// Names in the files of what an importer knows by a name of its own: input_ids, attention_mask, position_ids,
  /// inputs_embeds, past, logits. The last %d of a pattern stands for a number.
  std::vector<std::pair<std::string, std::string>> roles; // pattern, role
  /// Patterns of the outputs that are wanted although another part takes them.
  std::vector<std::string> outputs;

  /// The role of a name of the files, or the name itself.
  std::string roleOf(const std::string &name) const;
  bool isWanted(const std::string &output) const;
};

/// The files of a folder with a genai_config.json or with one .onnx file; of `path` itself when it is no folder (the
/// configuration beside it says the roles). Fails with one message for a folder or configuration that says no model.
Result<OnnxFiles> findOnnxFiles(const std::string &path);

/// The object in a JSON file of the folder; null when the file is not there.
Result<nlohmann::json> readFolderConfig(const std::string &folder, const std::string &name);

/// The value at a path of member names, or null.
const nlohmann::json *memberOf(const nlohmann::json &object, std::initializer_list<const char *> path);

} // namespace lathe
