// lathe exec --test-cases: the folders of ONNX's backend tests, many in one process. Relies on ExecGraph and on the
// frontend for the tensors in .pb files.
#include "tools/lathe/ExecGraph.h"

#include <cstring>
#include <filesystem>
#include <fstream>

namespace lathe {
namespace {

namespace fs = std::filesystem;

/// PREFIX0.pb, PREFIX1.pb, ... as arrays.
Result<std::vector<NpzArray>> readTensors(const fs::path &folder, const std::string &prefix) {
  std::vector<NpzArray> arrays;
  for (;;) {
    fs::path path = folder / (prefix + std::to_string(arrays.size()) + ".pb");
    std::error_code error;
    if (!fs::exists(path, error))
      return arrays;
    Result<Weight> tensor = readTensorFile(path.string());
    if (!tensor)
      return tensor.status();
    NpzArray array{tensor->name, tensor->type, tensor->shape, {}};
    array.data.resize(tensor->bytes);
    if (tensor->bytes)
      std::memcpy(array.data.data(), tensor->data().data(), tensor->bytes);
    arrays.push_back(std::move(array));
  }
}

Status runDataSet(ExecGraph &graph, const fs::path &folder, const ExecOptions &options) {
  Result<std::vector<NpzArray>> inputs = readTensors(folder, "input_");
  if (!inputs)
    return inputs.status();
  Result<std::vector<NpzArray>> expected = readTensors(folder, "output_");
  if (!expected)
    return expected.status();
  if (expected->empty())
    return Status::failure("has no output_0.pb in " + folder.string());
  Arrays arrays;
  for (NpzArray &input : *inputs)
    arrays[input.name] = std::move(input);
  for (const auto &[name, type] : graph.inputs()) {
    if (!arrays.contains(name))
      return Status::failure("has no input '" + name + "' in " + folder.string());
    if (arrays[name].type != type)
      return Status::failure("the input '" + name + "' has type " + elementTypeName(arrays[name].type) +
                             ", but the graph takes " + elementTypeName(type));
  }
  Result<Arrays> outputs = graph.run(arrays);
  if (!outputs)
    return outputs.status();
  for (const NpzArray &wanted : *expected) {
    auto found = outputs->find(wanted.name);
    if (found == outputs->end())
      return Status::failure("the graph has no output '" + wanted.name + "'");
    if (found->second.type != wanted.type)
      return Status::failure("'" + wanted.name + "' has type " + elementTypeName(found->second.type) + " instead of " +
                             elementTypeName(wanted.type));
    // As ONNX's own runner: at least two units in the last place of a bfloat16.
    ExecOptions tolerances = options;
    if (wanted.type == LATHE_BF16)
      tolerances.relative = std::max(tolerances.relative, 0x1p-6);
    Result<Difference> difference = compare(found->second, wanted, tolerances);
    if (!difference)
      return difference.status();
    if (difference->beyond) {
      char text[128];
      std::snprintf(text, sizeof text, "%llu of %llu beyond the tolerance, for example %.9g instead of %.9g",
                    static_cast<unsigned long long>(difference->beyond),
                    static_cast<unsigned long long>(difference->count), difference->actual, difference->expected);
      return Status::failure("'" + wanted.name + "': " + text);
    }
  }
  return Status::success();
}

struct Outcome {
  const char *what;
  std::string why;
};

Outcome runCase(const fs::path &folder, const ExecOptions &options) {
  ExecOptions own = options;
  own.model = (folder / "model.onnx").string();
  std::string note;
  Result<std::unique_ptr<ExecGraph>> graph = openGraph(own);
  if (!graph) {
    // An operand that must be known when compiling (axes, a shape) is an input in some cases.
    std::vector<Weight> known;
    if (Result<std::vector<NpzArray>> inputs = readTensors(folder / "test_data_set_0", "input_"); inputs)
      known = smallVectors(*inputs);
    std::string why = graph.message();
    for (size_t i = known.size(); i-- > 0 && !graph;) { // the last one alone, ...
      own.constants = {known[i]};
      note = "for the values of '" + known[i].name + "'";
      graph = openGraph(own);
    }
    if (!graph && known.size() > 1) { // ... or all
      own.constants = known;
      note = "for the values of its small inputs";
      graph = openGraph(own);
    }
    if (!graph)
      return {"refused", why};
  }
  std::error_code error;
  for (int set = 0;; ++set) {
    fs::path data = folder / ("test_data_set_" + std::to_string(set));
    if (!fs::is_directory(data, error))
      return set ? Outcome{"passed", note} : Outcome{"failed", "has no folder test_data_set_0"};
    if (Status status = runDataSet(**graph, data, own); !status)
      return {"failed", status.message()};
  }
}

} // namespace

int runTestCases(const ExecOptions &options) {
  std::vector<std::string> folders;
  std::error_code error;
  if (fs::is_directory(options.model, error)) {
    folders.push_back(options.model);
  } else {
    std::ifstream list(options.model);
    if (!list)
      return fail(Status::failure(options.model + ": is no folder and no readable file"));
    for (std::string line; std::getline(list, line);)
      if (!line.empty())
        folders.push_back(line);
  }
  bool good = true;
  for (const std::string &folder : folders) {
    auto [what, why] = runCase(folder, options);
    std::replace(why.begin(), why.end(), '\n', ' ');
    std::printf("%s %s%s%s\n", what, folder.c_str(), why.empty() ? "" : ": ", why.c_str());
    std::fflush(stdout); // what follows may end the process
    good &= std::strcmp(what, "passed") == 0;
  }
  return good ? 0 : 1;
}

} // namespace lathe
