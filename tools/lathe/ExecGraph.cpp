// See ExecGraph.h.
#include "tools/lathe/ExecGraph.h"

#include "frontend/ReferenceWeights.h"
#include "runtime/Session.h"
#include "tools/run/Interrupt.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lathe {
namespace {

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

std::map<std::string, int64_t> defaultsOf(const nlohmann::json &metadata) {
  std::map<std::string, int64_t> defaults;
  auto found = metadata.is_object() ? metadata.find("input_defaults") : metadata.end();
  if (found != metadata.end() && found->is_object())
    for (const auto &[name, value] : found->items())
      if (value.is_number_integer())
        defaults[name] = value.get<int64_t>();
  return defaults;
}

class CompiledGraph : public ExecGraph {
public:
  static Result<std::unique_ptr<ExecGraph>> open(const ExecOptions &options) {
    auto artifact = openModel(options, options.quiet, [&](CompileOptions &compilation) {
      compilation.wantStep = false;
      compilation.constants = options.constants;
    });
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
    return std::unique_ptr<ExecGraph>(std::move(graph));
  }

  std::vector<std::pair<std::string, LatheType>> inputs() const override {
    std::vector<std::pair<std::string, LatheType>> all;
    for (uint32_t index : plan_->list(function_->inputs))
      all.emplace_back(plan_->string(plan_->buffers[index].name), LatheType(plan_->buffers[index].type));
    return all;
  }

  std::map<std::string, int64_t> defaults() const override {
    std::span<const std::byte> text = session_->model().artifact().section(LATHE_SECTION_METADATA);
    const char *begin = reinterpret_cast<const char *>(text.data());
    return defaultsOf(nlohmann::json::parse(begin, begin + text.size(), nullptr, false));
  }

  Result<Arrays> run(const Arrays &arrays) override {
    std::vector<std::vector<int64_t>> shapes;
    for (const auto &[name, type] : inputs())
      shapes.push_back(arrays.at(name).shape);
    Arrays results;
    std::vector<BufferView> inputViews;
    std::vector<AlignedVector<std::byte>> copies;
    for (const auto &[name, type] : inputs()) {
      const NpzArray &array = arrays.at(name);
      copies.push_back(array.data);
      inputViews.push_back({copies.back().data(), copies.back().size()});
    }
    Result<std::vector<OwnedTensor>> outputs = session_->evaluate(*function_, inputViews, shapes, &catchInterrupts());
    if (!outputs)
      return outputs.status();
    for (const OwnedTensor &output : *outputs) {
      NpzArray array{std::string(output.name), output.type, output.dims, {}};
      array.data.assign(output.data.get(), output.data.get() + output.bytes);
      results[array.name] = std::move(array);
    }
    return results;
  }

private:
  std::unique_ptr<Session> session_;
  const Plan *plan_ = nullptr;
  const LatheFunction *function_ = nullptr;
};

class EvaluatedGraph : public ExecGraph {
public:
  static Result<std::unique_ptr<ExecGraph>> open(const ExecOptions &options) {
    if (Artifact::isArtifact(options.model))
      return Status::failure(options.model + ": the reference evaluator needs the model itself, not an artifact");
    auto graph = std::make_unique<EvaluatedGraph>();
    CompileOptions compilation = compileOptions(options);
    compilation.constants = options.constants;
    graph->compiler_ = std::make_unique<Compiler>(std::move(compilation));
    if (Status status = graph->compiler_->import(); !status)
      return status;
    graph->function_ = graph->compiler_->module().lookupSymbol<mlir::func::FuncOp>("forward");
    return std::unique_ptr<ExecGraph>(std::move(graph));
  }

  std::vector<std::pair<std::string, LatheType>> inputs() const override {
    std::vector<std::pair<std::string, LatheType>> all;
    mlir::func::FuncOp function = function_;
    for (mlir::BlockArgument argument : function.getArguments())
      all.emplace_back(function.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "llm.name").str(),
                       *llm::latheType(mlir::cast<mlir::RankedTensorType>(argument.getType()).getElementType()));
    return all;
  }

  std::map<std::string, int64_t> defaults() const override { return defaultsOf(compiler_->model().metadata); }

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

} // namespace

Result<std::unique_ptr<ExecGraph>> openGraph(const ExecOptions &options) {
  return options.evaluate ? EvaluatedGraph::open(options) : CompiledGraph::open(options);
}

std::vector<Weight> smallVectors(std::span<const NpzArray> arrays) {
  std::vector<Weight> constants;
  for (const NpzArray &array : arrays) {
    if (array.shape.size() > 1 || array.data.size() > 64 * bytesPerBlock(array.type))
      continue;
    const auto *bytes = reinterpret_cast<const uint8_t *>(array.data.data());
    constants.push_back({array.name, array.type, array.shape,
                         MappedFile::ofBytes("memory", std::vector<uint8_t>(bytes, bytes + array.data.size())), 0,
                         array.data.size()});
  }
  return constants;
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

Result<Difference> compare(const NpzArray &actual, const NpzArray &expected, const ExecOptions &options) {
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
    if (!same && !(distance <= options.absolute + options.relative * std::abs(right[i])))
      ++difference.beyond;
    if (!(distance <= difference.largest)) {
      difference.largest = distance;
      difference.expected = right[i];
      difference.actual = left[i];
    }
  }
  return difference;
}

} // namespace lathe
