// See OnnxImport.h.
#include "frontend/onnx/OnnxImport.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/OnnxParts.h"
#include "frontend/onnx/OnnxScope.h"
#include "frontend/onnx/OnnxSupport.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/Diagnostics.h>
#include <mlir/IR/Verifier.h>

#include <unordered_map>
#include <unordered_set>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t oldestOpset = 1, newestOpset = 28;

class Import {
public:
  Import(MLIRContext &context, const onnx::ModelProto &model, OnnxTensors &tensors, WeightTable &weights,
         const OnnxFiles &files, ModelFacts *facts)
      : context(context), model(model), graph(model.graph()), tensors(tensors), weights(weights), files(files),
        facts(facts), sizes(&context, files) {}

  OwningOpRef<ModuleOp> module;

  Status run(const std::vector<ByteRange> &rawData) {
    if (Status status = readOpsets(); !status)
      return status;
    if (Status status = readInitializers(rawData); !status)
      return status;
    if (Status status = orderNodes(); !status)
      return status;
    if (Status status = checkOperators(); !status)
      return status;
    // Each round may find out that a named size is a number in every run (the head size of a cache) and start again
    // with it.
    for (int round = 0;; ++round) {
      size_t found = 0;
      if (Status status = build(found); !status)
        return status;
      if (found == 0)
        return Status::success();
      if (round == 8)
        return Status::failure("has named sizes that contradict each other");
    }
  }

private:
  MLIRContext &context;
  const onnx::ModelProto &model;
  const onnx::GraphProto &graph;
  OnnxTensors &tensors;
  WeightTable &weights;
  const OnnxFiles &files;
  ModelFacts *facts; // may be null
  OnnxSizes sizes;
  std::map<std::string, int64_t> opsets;
  std::map<std::string, Weight> initializers, candidates;
  std::set<std::string> initializerNames;
  std::vector<int> live; // indices of nodes, in an order that can be built

  Status readOpsets() {
    if (facts)
      describe();
    for (const onnx::OperatorSetIdProto &opset : model.opset_import())
      opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
    if (!model.has_graph())
      return Status::failure("has no graph; is it an ONNX model?");
    if (!opsets.contains("")) // of other domains alone; a node of this one is missing from the table then
      return Status::success();
    int64_t version = opsets[""];
    if (version < oldestOpset || version > newestOpset)
      return Status::failure("uses opset " + std::to_string(version) + " of ai.onnx; supported are " +
                             std::to_string(oldestOpset) + " to " + std::to_string(newestOpset));
    return Status::success();
  }

  /// What the file says before anything of it is understood.
  void describe() {
    facts->format = "ONNX";
    facts->producer = model.producer_name() + (model.producer_version().empty() ? "" : " " + model.producer_version());
    for (const onnx::OperatorSetIdProto &opset : model.opset_import())
      facts->opsets.push_back({opset.domain().empty() ? "ai.onnx" : opset.domain(), opset.version()});
    facts->nodes = graph.node_size();
  }

  Status readInitializers(const std::vector<ByteRange> &rawData) {
    if (graph.sparse_initializer_size())
      return Status::failure("has sparse initializers, which are not supported");
    for (int i = 0; i < graph.initializer_size(); ++i) {
      const onnx::TensorProto &tensor = graph.initializer(i);
      Result<Weight> weight = tensors.read(tensor, static_cast<size_t>(i) < rawData.size() ? rawData[i] : ByteRange());
      if (!weight)
        return weight.status();
      if (facts) {
        facts->parameters += elementCount(weight->shape).value_or(0);
        facts->parameterBytes += weight->bytes;
      }
      if (!initializers.emplace(tensor.name(), std::move(*weight)).second)
        return Status::failure("tensor " + lathe::quoted(tensor.name()) + " appears twice");
      initializerNames.insert(tensor.name());
    }
    return Status::success();
  }

  Status orderNodes() {
    OnnxGraphState state(&context, sizes, tensors, initializers, candidates);
    OnnxScope scope(state, graph);
    Status status = scope.orderNodes();
    live = scope.nodes();
    return status;
  }

  int64_t opsetOf(const onnx::NodeProto &node) const {
    for (const onnx::StringStringEntryProto &entry : node.metadata_props())
      if (int64_t own = 0; entry.key() == opsetOfPart && !StringRef(entry.value()).getAsInteger(10, own))
        return own;
    auto found = opsets.find(domainOf(node));
    return found == opsets.end() ? 0 : found->second;
  }

  /// All operators that cannot be imported, in one message.
  Status checkOperators() {
    OnnxSupport support;
    auto check = [&](const onnx::NodeProto &node) {
      // ONNX Runtime takes a contrib domain that is not declared as version 1.
      int64_t opset = std::max<int64_t>(opsetOf(node), domainOf(node) == "com.microsoft");
      if (!findOperator(domainOf(node), node.op_type(), opset))
        support.add(node, opset);
    };
    for (int index : live) {
      check(graph.node(index));
      walkInner(graph.node(index), check);
    }
    if (facts)
      facts->unsupported = support.list();
    return support.status();
  }

  Location locationOf(const std::string &name) { return NameLoc::get(StringAttr::get(&context, name)); }

  /// One attempt. `found` counts sizes that turned out to be numbers: the module is not complete then.
  Status build(size_t &found) {
    if (Status status = sizes.readInputs(graph, initializerNames); !status)
      return status;
    OnnxGraphState state(&context, sizes, tensors, initializers, candidates);
    state.opsetOf = [this](const onnx::NodeProto &node) { return opsetOf(node); };
    bool verifying = false; // then messages must say where
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && state.diagnostic.empty()) {
        state.diagnostic = diagnostic.str();
        if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()); name && verifying)
          state.diagnostic = lathe::quoted(name.getName().str()) + ": " + state.diagnostic;
      }
      return success();
    });
    module = ModuleOp::create(UnknownLoc::get(&context));
    state.module = *module;
    state.builder.setInsertionPointToEnd(module->getBody());
    SmallVector<Type> types;
    for (const OnnxInput &input : sizes.inputs())
      types.push_back(input.type);
    auto function = state.builder.create<func::FuncOp>(locationOf(graph.name()), "forward",
                                                       state.builder.getFunctionType(types, {}));
    Block *block = function.addEntryBlock();
    state.builder.setInsertionPointToStart(block);

    OnnxScope scope(state, graph);
    for (auto [argument, input] : llvm::zip(block->getArguments(), sizes.inputs())) {
      argument.setLoc(locationOf(input.name));
      state.facts.setDims(argument, input.dims);
      if (!scope.set(input.name, argument))
        return Status::failure("input " + lathe::quoted(input.name) + " appears twice");
    }
    if (Status status = scope.orderNodes(); !status)
      return status;
    if (Status status = scope.buildNodes(); !status)
      return status;
    if (Status status = finish(state, function, scope); !status)
      return status;
    for (auto [symbol, value] : state.bindings)
      found += sizes.bind(symbol, value);
    for (auto [symbol, other] : state.equalities)
      found += sizes.bind(symbol, other);
    if (found)
      return Status::success();
    state.diagnostic.clear();
    verifying = true;
    if (failed(verify(*module)))
      return Status::failure("makes a graph that is not valid, at " + state.diagnostic);
    for (func::FuncOp each : module->getOps<func::FuncOp>())
      for (llm::WeightOp op : each.getOps<llm::WeightOp>())
        if (!weights.contains(op.getName().str()))
          if (Status status = weights.add(candidates.at(op.getName().str())); !status)
            return status;
    return Status::success();
  }

  Status finish(OnnxGraphState &state, func::FuncOp function, OnnxScope &scope) {
    Builder &builder = state.builder;
    SmallVector<Value> results;
    SmallVector<Type> types;
    if (graph.output_size() == 0)
      return Status::failure("has no outputs");
    std::set<std::string> names;
    for (const onnx::ValueInfoProto &output : graph.output()) {
      if (!names.insert(output.name()).second)
        return Status::failure("output " + lathe::quoted(output.name()) + " appears twice");
      try {
        results.push_back(scope.valueOf(output.name()));
      } catch (const OnnxFailure &failure) {
        return Status::failure("output " + lathe::quoted(output.name()) + " " + failure.message);
      }
      types.push_back(results.back().getType());
    }
    state.builder.create<func::ReturnOp>(function.getLoc(), results);
    function.setFunctionType(builder.getFunctionType(function.getBody().getArgumentTypes(), types));
    SmallVector<StringRef> symbols(sizes.symbols().begin(), sizes.symbols().end());
    for (func::FuncOp each : module->getOps<func::FuncOp>())
      each->setAttr("llm.symbols", builder.getStrArrayAttr(symbols));
    for (auto [index, input] : llvm::enumerate(sizes.inputs())) {
      function.setArgAttr(index, "llm.name", builder.getStringAttr(input.name));
      function.setArgAttr(index, "llm.dims",
                          AffineMapAttr::get(AffineMap::get(0, symbols.size(), input.dims, &context)));
      if (std::string role = files.roleOf(input.name); role != input.name)
        function.setArgAttr(index, "llm.role", builder.getStringAttr(role));
    }
    for (int i = 0; i < graph.output_size(); ++i) {
      const std::string &name = graph.output(i).name();
      function.setResultAttr(i, "llm.name", builder.getStringAttr(name));
      if (std::string role = files.roleOf(name); role != name)
        function.setResultAttr(i, "llm.role", builder.getStringAttr(role));
    }
    // Ops without a use: parts of results with several parts, and values that were folded away.
    for (func::FuncOp each : module->getOps<func::FuncOp>())
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(each.getBody().front())))
        if (isOpTriviallyDead(&op))
          op.erase();
    return Status::success();
  }
};

} // namespace

Result<OwningOpRef<ModuleOp>> buildModule(MLIRContext &context, const onnx::ModelProto &model,
                                          const std::vector<ByteRange> &rawData, OnnxTensors &tensors,
                                          WeightTable &weights, const OnnxFiles &files, ModelFacts *facts) {
  Import import(context, model, tensors, weights, files, facts);
  if (Status status = import.run(rawData); !status)
    return status;
  return std::move(import.module);
}

} // namespace lathe
