// lathe exec: one evaluation of a graph with arrays from a file, or all cases of a golden file compared with what they
// should give. Runs compiled code, or the reference evaluator with --evaluate.
#include "tools/lathe/Commands.h"

#include "frontend/ReferenceWeights.h"
#include "runtime/Session.h"
#include "tools/npz/Npz.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::string inputs, outputs, golden, casePrefix;
  double relative = 1e-3, absolute = 1e-3;
  bool evaluate = false, quiet = false;
};

using Arrays = std::map<std::string, NpzArray>;

/// What can be evaluated: the names and types of its inputs, and a run.
class Graph {
public:
  virtual ~Graph() = default;
  virtual std::vector<std::pair<std::string, LatheType>> inputs() const = 0;
  /// `arrays` has every input, in its type.
  virtual Result<Arrays> run(const Arrays &arrays) = 0;
};

Result<reference::Tensor> tensorOf(const NpzArray &array) {
  return reference::Tensor::ofBytes(array.type, array.shape,
                                    {reinterpret_cast<const uint8_t *>(array.data.data()), array.data.size()});
}

NpzArray arrayOf(std::string name, const reference::Tensor &tensor) {
  NpzArray array{std::move(name), tensor.type(), tensor.shape(), {}};
  array.data.resize(tensor.bytes().size());
  std::memcpy(array.data.data(), tensor.bytes().data(), tensor.bytes().size());
  return array;
}

/// The array with elements of another type, rounded.
Result<NpzArray> converted(const NpzArray &array, LatheType type) {
  if (array.type == type)
    return array;
  Result<reference::Tensor> tensor = tensorOf(array);
  if (!tensor)
    return tensor.status();
  std::vector<double> values = tensor->values<double>();
  Result<reference::Tensor> result = reference::Tensor::ofValues<double>(type, array.shape, values);
  if (!result)
    return result.status();
  return arrayOf(array.name, *result);
}

class CompiledGraph : public Graph {
public:
  static Result<std::unique_ptr<Graph>> open(const Options &options) {
    auto artifact =
        openModel(options, options.quiet, [](CompileOptions &compilation) { compilation.wantStep = false; });
    if (!artifact)
      return artifact.status();
    if (!(*artifact)->plan().function("forward"))
      return Status::failure(options.model + ": holds no function 'forward'; compile the model again");
    auto pool = std::make_shared<ThreadPool>(options.threads);
    auto model = LoadedModel::load(*artifact, pool.get());
    if (!model)
      return model.status();
    auto graph = std::make_unique<CompiledGraph>();
    graph->session_ = std::make_unique<Session>(*model, pool);
    graph->plan_ = &(*model)->plan();
    graph->function_ = graph->plan_->function("forward");
    return std::unique_ptr<Graph>(std::move(graph));
  }

  std::vector<std::pair<std::string, LatheType>> inputs() const override {
    std::vector<std::pair<std::string, LatheType>> all;
    for (uint32_t index : plan_->list(function_->inputs))
      all.emplace_back(plan_->string(plan_->buffers[index].name), LatheType(plan_->buffers[index].type));
    return all;
  }

  Result<Arrays> run(const Arrays &arrays) override {
    std::vector<std::vector<int64_t>> shapes;
    for (const auto &[name, type] : inputs())
      shapes.push_back(arrays.at(name).shape);
    Result<std::vector<int64_t>> symbols = symbolsFromInputs(*plan_, *function_, shapes);
    if (!symbols)
      return symbols.status();
    for (int64_t &symbol : *symbols)
      symbol = std::max<int64_t>(symbol, 0);
    Result<FunctionShape *> shape = session_->shape(*function_, *symbols);
    if (!shape)
      return shape.status();
    if (Status status =
            session_->state() ? Status::success() : session_->reserveState((*shape)->stateBytes, "use a smaller input");
        !status)
      return status;
    Arrays results;
    std::vector<BufferView> inputViews, outputViews;
    std::vector<AlignedVector<std::byte>> copies;
    for (const auto &[name, type] : inputs()) {
      const NpzArray &array = arrays.at(name);
      copies.push_back(array.data);
      inputViews.push_back({copies.back().data(), copies.back().size()});
    }
    for (const TensorShape &output : (*shape)->outputs) {
      NpzArray array{std::string(output.name), output.type, output.dims, {}};
      array.data.resize(output.bytes);
      NpzArray &placed = results[array.name] = std::move(array);
      outputViews.push_back({placed.data.data(), placed.data.size()});
    }
    if (Status status = session_->run(**shape, inputViews, outputViews); !status)
      return status;
    return results;
  }

private:
  std::unique_ptr<Session> session_;
  const Plan *plan_ = nullptr;
  const LatheFunction *function_ = nullptr;
};

class EvaluatedGraph : public Graph {
public:
  static Result<std::unique_ptr<Graph>> open(const Options &options) {
    if (Artifact::isArtifact(options.model))
      return Status::failure(options.model + ": the reference evaluator needs the model itself, not an artifact");
    auto graph = std::make_unique<EvaluatedGraph>();
    graph->compiler_ = std::make_unique<Compiler>(compileOptions(options));
    if (Status status = graph->compiler_->import(); !status)
      return status;
    graph->function_ = graph->compiler_->module().lookupSymbol<mlir::func::FuncOp>("forward");
    return std::unique_ptr<Graph>(std::move(graph));
  }

  std::vector<std::pair<std::string, LatheType>> inputs() const override {
    std::vector<std::pair<std::string, LatheType>> all;
    mlir::func::FuncOp function = function_;
    for (mlir::BlockArgument argument : function.getArguments())
      all.emplace_back(function.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "llm.name").str(),
                       *llm::latheType(mlir::cast<mlir::RankedTensorType>(argument.getType()).getElementType()));
    return all;
  }

  Result<Arrays> run(const Arrays &arrays) override {
    std::vector<reference::Tensor> tensors;
    for (const auto &[name, type] : inputs()) {
      Result<reference::Tensor> tensor = tensorOf(arrays.at(name));
      if (!tensor)
        return tensor.status();
      tensors.push_back(*tensor);
    }
    reference::EvaluateOptions options;
    options.weights = evaluatorWeights(compiler_->model().weights);
    Result<std::vector<reference::Tensor>> results = reference::evaluate(function_, tensors, options);
    if (!results)
      return results.status();
    Arrays named;
    for (size_t i = 0; i < results->size(); ++i) {
      auto name = function_.getResultAttrOfType<mlir::StringAttr>(static_cast<unsigned>(i), "llm.name");
      std::string text = name ? name.str() : "output." + std::to_string(i);
      named[text] = arrayOf(text, (*results)[i]);
    }
    return named;
  }

private:
  std::unique_ptr<Compiler> compiler_;
  mlir::func::FuncOp function_;
};

/// Reads the graph's inputs, stored under `prefix` and their names.
Result<Arrays> readInputs(const Graph &graph, const NpzReader &file, const std::string &prefix,
                          const std::string &path) {
  Arrays arrays;
  for (const auto &[name, type] : graph.inputs()) {
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
  return arrays;
}

struct Difference {
  double largest = 0, expected = 0, actual = 0;
  uint64_t beyond = 0, count = 0;
};

Result<Difference> compare(const NpzArray &actual, const NpzArray &expected, const Options &options) {
  if (actual.shape != expected.shape)
    return Status::failure("'" + actual.name + "' has shape " + reference::shapeText(actual.shape) + " instead of " +
                           reference::shapeText(expected.shape));
  Result<reference::Tensor> a = tensorOf(actual), b = tensorOf(expected);
  if (!a || !b)
    return a ? b.status() : a.status();
  std::vector<double> left = a->values<double>(), right = b->values<double>();
  Difference difference;
  difference.count = left.size();
  for (size_t i = 0; i < left.size(); ++i) {
    bool same = left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]));
    double distance = same ? 0 : std::abs(left[i] - right[i]);
    if (!(distance <= options.absolute + options.relative * std::abs(right[i])))
      ++difference.beyond;
    if (!(distance <= difference.largest)) {
      difference.largest = distance;
      difference.expected = right[i];
      difference.actual = left[i];
    }
  }
  return difference;
}

int runGolden(Graph &graph, const Options &options) {
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

int runOnce(Graph &graph, const Options &options) {
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

int exec(const Options &options) {
  if (options.golden.empty() && (options.inputs.empty() || options.outputs.empty()))
    return usageError("--inputs IN.npz and --outputs OUT.npz, or --golden FILE.npz are needed");
  Result<std::unique_ptr<Graph>> graph =
      options.evaluate ? EvaluatedGraph::open(options) : CompiledGraph::open(options);
  if (!graph)
    return fail(graph.status());
  return options.golden.empty() ? runOnce(**graph, options) : runGolden(**graph, options);
}

} // namespace

void addExecCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("exec", "evaluate a graph with arrays from a file");
  addModelOptions(*command, *options);
  command->add_option("--inputs", options->inputs, "an .npz with an array for each input, named as in the model");
  command->add_option("--outputs", options->outputs, "the .npz to write");
  command
      ->add_option("--golden", options->golden,
                   "an .npz with cases to compare: entries [CASE/]in.NAME and [CASE/]out.NAME")
      ->excludes("--inputs")
      ->excludes("--outputs");
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
                  "--golden golden.npz --compute f32");
  command->final_callback([options, &result] { result = exec(*options); });
}

} // namespace lathe
