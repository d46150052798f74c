// lathe exec: one evaluation of a graph with arrays from a file, or all cases of a golden file compared with what they
// should give. Runs compiled code, or the reference evaluator with --evaluate.
#include "tools/lathe/ExecGraph.h"

#include <cstring>
#include <set>

namespace lathe {
namespace {

/// Reads the graph's inputs, stored under `prefix` and their names.
Result<Arrays> readInputs(const ExecGraph &graph, const NpzReader &file, const std::string &prefix,
                          const std::string &path) {
  Arrays arrays;
  std::map<std::string, int64_t> defaults = graph.defaults();
  std::vector<std::string> left;
  for (const auto &[name, type] : graph.inputs()) {
    if (auto otherwise = defaults.find(name); !file.contains(prefix + name) && otherwise != defaults.end()) {
      left.push_back(name);
      continue;
    }
    if (!file.contains(prefix + name)) {
      std::string has;
      for (const std::string &entry : file.names())
        if (entry.starts_with(prefix))
          has += (has.empty() ? "" : ", ") + entry;
      return Status::failure(path + ": has no array '" + prefix + name + "', which the graph needs; it has " +
                             has.substr(0, 400));
    }
    Result<NpzArray> array = file.read(prefix + name);
    if (!array)
      return array.status();
    Result<NpzArray> fitting = converted(*array, type);
    if (!fitting)
      return fitting.status();
    arrays[name] = std::move(*fitting);
  }
  // What may be left out has the shape of the token ids.
  for (const std::string &name : left) {
    const NpzArray &ids = arrays.at("input_ids");
    NpzArray filled{name, ids.type, ids.shape, ids.data};
    for (size_t at = 0; at + sizeof(int64_t) <= filled.data.size(); at += sizeof(int64_t))
      std::memcpy(filled.data.data() + at, &defaults.at(name), sizeof(int64_t));
    arrays[name] = std::move(filled);
  }
  return arrays;
}

int runGolden(ExecGraph &graph, const ExecOptions &options) {
  auto file = NpzReader::open(options.golden);
  if (!file)
    return fail(file.status());
  std::set<std::string> cases; // "prefill/", or "" for entries without one
  for (const std::string &name : (*file)->names()) {
    size_t slash = name.find('/');
    std::string prefix = slash == std::string::npos ? "" : name.substr(0, slash + 1);
    if (name.starts_with(prefix + "out.") && name.starts_with(options.casePrefix))
      cases.insert(prefix);
  }
  if (cases.empty())
    return fail(Status::failure(options.golden + ": has no case" +
                                (options.casePrefix.empty() ? "" : " '" + options.casePrefix + "'") +
                                " with entries [CASE/]in.NAME and [CASE/]out.NAME"));
  bool good = true;
  for (const std::string &prefix : cases) {
    Result<Arrays> inputs = readInputs(graph, **file, prefix + "in.", options.golden);
    if (!inputs)
      return fail(inputs.status());
    Result<Arrays> outputs = graph.run(*inputs);
    if (!outputs)
      return fail(Status::failure(prefix + ": " + outputs.message()));
    for (const std::string &name : (*file)->names()) {
      if (!name.starts_with(prefix + "out."))
        continue;
      std::string output = name.substr(prefix.size() + 4);
      auto found = outputs->find(output);
      if (found == outputs->end())
        return fail(Status::failure(options.golden + ": the graph has no output '" + output + "'"));
      Result<NpzArray> expected = (*file)->read(name);
      if (!expected)
        return fail(expected.status());
      Result<Difference> difference = compare(found->second, *expected, options);
      if (!difference)
        return fail(Status::failure(prefix + ": " + difference.message()));
      good &= difference->beyond == 0;
      std::printf("%s%s: largest difference %.3g (%.6g instead of %.6g), %llu of %llu beyond the tolerance\n",
                  prefix.c_str(), output.c_str(), difference->largest, difference->actual, difference->expected,
                  static_cast<unsigned long long>(difference->beyond),
                  static_cast<unsigned long long>(difference->count));
    }
  }
  return good ? 0 : 1;
}

int runOnce(ExecGraph &graph, const ExecOptions &options) {
  auto file = NpzReader::open(options.inputs);
  if (!file)
    return fail(file.status());
  Result<Arrays> inputs = readInputs(graph, **file, "", options.inputs);
  if (!inputs)
    return fail(inputs.status());
  Result<Arrays> outputs = graph.run(*inputs);
  if (!outputs)
    return fail(outputs.status());
  std::vector<NpzArray> arrays;
  for (auto &[name, array] : *outputs)
    arrays.push_back(std::move(array));
  Status status = writeNpz(options.outputs, arrays);
  return status ? 0 : fail(status);
}

/// What of the file may have to be known when the graph is compiled.
std::vector<Weight> smallArrays(const std::string &path) {
  std::vector<NpzArray> arrays;
  if (auto file = NpzReader::open(path); file)
    for (const std::string &name : (*file)->names())
      if (Result<NpzArray> array = (*file)->read(name); array)
        arrays.push_back(std::move(*array));
  return smallVectors(arrays);
}

int exec(const ExecOptions &options) {
  if (options.testCases)
    return runTestCases(options);
  if (options.golden.empty() && (options.inputs.empty() || options.outputs.empty()))
    return usageError("--inputs IN.npz and --outputs OUT.npz, or --golden FILE.npz, or --test-cases are needed");
  Result<std::unique_ptr<ExecGraph>> graph = openGraph(options);
  if (!graph && options.golden.empty() && options.model.ends_with(".onnx")) {
    ExecOptions known = options;
    known.constants = smallArrays(options.inputs);
    if (!known.constants.empty())
      if (auto fixed = openGraph(known); fixed)
        return runOnce(**fixed, options);
  }
  if (!graph)
    return fail(graph.status());
  return options.golden.empty() ? runOnce(**graph, options) : runGolden(**graph, options);
}

} // namespace

void addExecCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App *command = program.add_subcommand("exec", "evaluate a graph with arrays from a file");
  addModelOptions(*command, *options);
  command->add_option("--inputs", options->inputs, "an .npz with an array for each input, named as in the model");
  command->add_option("--outputs", options->outputs, "the .npz to write");
  command
      ->add_option("--golden", options->golden,
                   "an .npz with cases to compare: entries [CASE/]in.NAME and [CASE/]out.NAME")
      ->excludes("--inputs")
      ->excludes("--outputs");
  command
      ->add_flag(
          "--test-cases", options->testCases,
          "MODEL is a folder as ONNX's backend tests have it (model.onnx; test_data_set_N with input_N.pb and "
          "output_N.pb), or a text file with such a folder in each line; prints 'passed', 'failed' or 'refused' for "
          "each")
      ->excludes("--inputs")
      ->excludes("--outputs")
      ->excludes("--golden");
  command->add_option("--case", options->casePrefix, "with --golden: only cases whose name begins with this");
  command->add_option("--rtol", options->relative, "relative tolerance")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--atol", options->absolute, "absolute tolerance")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--evaluate", options->evaluate, "use the reference evaluator instead of compiled code");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Examples:\n  lathe exec model.onnx --inputs in.npz --outputs out.npz\n  lathe exec model.onnx "
                  "--golden golden.npz --compute f32\n  lathe exec test_abs --test-cases --rtol 1e-3 --atol 1e-7");
  command->final_callback([options, &result] { result = exec(*options); });
}

} // namespace lathe
