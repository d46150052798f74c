// See OnnxImport.h.
#include "frontend/onnx/OnnxImport.h"
#include "frontend/files/Quoted.h"
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

constexpr int64_t oldestOpset = 11, newestOpset = 24;

std::string domainOf(const onnx::NodeProto &node) { return node.domain() == "ai.onnx" ? "" : node.domain(); }

std::string nodeText(const onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty() && node.output_size())
    name = node.output(0);
  return "node " + lathe::quoted(name) + " (" + (domainOf(node).empty() ? "" : node.domain() + ".") + node.op_type() +
         ")";
}

class Import {
public:
  Import(MLIRContext &context, const onnx::ModelProto &model, OnnxTensors &tensors, WeightTable &weights)
      : context(context), model(model), graph(model.graph()), tensors(tensors), weights(weights), sizes(&context) {}

  OwningOpRef<ModuleOp> module;

  Status run(const std::vector<ByteRange> &rawData) {
    if (Status status = readOpsets(); !status)
      return status;
    if (Status status = readInitializers(rawData); !status)
      return status;
    if (Status status = orderLiveNodes(); !status)
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
      if (round == 3)
        return Status::failure("has named sizes that contradict each other");
    }
  }

private:
  MLIRContext &context;
  const onnx::ModelProto &model;
  const onnx::GraphProto &graph;
  OnnxTensors &tensors;
  WeightTable &weights;
  OnnxSizes sizes;
  std::map<std::string, int64_t> opsets;
  std::map<std::string, Weight> initializers, candidates;
  std::set<std::string> initializerNames;
  std::vector<int> live; // indices of nodes, in an order that can be built

  Status readOpsets() {
    for (const onnx::OperatorSetIdProto &opset : model.opset_import())
      opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
    if (!model.has_graph())
      return Status::failure("has no graph; is it an ONNX model?");
    int64_t version = opsets.contains("") ? opsets[""] : 0;
    if (version < oldestOpset || version > newestOpset)
      return Status::failure("uses opset " + std::to_string(version) + " of ai.onnx; supported are " +
                             std::to_string(oldestOpset) + " to " + std::to_string(newestOpset));
    return Status::success();
  }

  Status readInitializers(const std::vector<ByteRange> &rawData) {
    if (graph.sparse_initializer_size())
      return Status::failure("has sparse initializers, which are not supported");
    for (int i = 0; i < graph.initializer_size(); ++i) {
      const onnx::TensorProto &tensor = graph.initializer(i);
      Result<Weight> weight = tensors.read(tensor, static_cast<size_t>(i) < rawData.size() ? rawData[i] : ByteRange());
      if (!weight)
        return weight.status();
      if (!initializers.emplace(tensor.name(), std::move(*weight)).second)
        return Status::failure("tensor " + lathe::quoted(tensor.name()) + " appears twice");
      initializerNames.insert(tensor.name());
    }
    return Status::success();
  }

  /// The nodes that outputs depend on, each after those it uses; others are dropped. Files whose nodes are in order
  /// keep it.
  Status orderLiveNodes() {
    std::unordered_map<std::string, int> makers;
    for (int i = 0; i < graph.node_size(); ++i)
      for (const std::string &output : graph.node(i).output())
        if (!output.empty() && (initializers.contains(output) || !makers.emplace(output, i).second))
          return Status::failure(nodeText(graph.node(i)) + " gives " + lathe::quoted(output) +
                                 ", which exists already");
    auto makerOf = [&](const std::string &name) {
      auto found = makers.find(name);
      return found == makers.end() ? -1 : found->second;
    };
    std::vector<bool> isLive(graph.node_size());
    std::vector<int> open;
    auto visit = [&](const std::string &name) {
      int maker = makerOf(name);
      if (maker >= 0 && !isLive[maker]) {
        isLive[maker] = true;
        open.push_back(maker);
      }
    };
    for (const onnx::ValueInfoProto &output : graph.output())
      visit(output.name());
    while (!open.empty()) {
      int next = open.back();
      open.pop_back();
      for (const std::string &input : graph.node(next).input())
        visit(input);
    }
    // Depth first, without recursion: a node is on the path while its inputs are ordered.
    enum State : char { Untouched, OnPath, Ordered };
    std::vector<State> states(graph.node_size(), Untouched);
    std::vector<std::pair<int, int>> path; // node, its next input
    for (int i = 0; i < graph.node_size(); ++i) {
      if (!isLive[i] || states[i] != Untouched)
        continue;
      path.push_back({i, 0});
      states[i] = OnPath;
      while (!path.empty()) {
        auto &[index, input] = path.back();
        const onnx::NodeProto &node = graph.node(index);
        if (input == node.input_size()) {
          states[index] = Ordered;
          live.push_back(index);
          path.pop_back();
          continue;
        }
        int maker = makerOf(node.input(input++));
        if (maker < 0 || states[maker] == Ordered)
          continue;
        if (states[maker] == OnPath)
          return Status::failure(nodeText(graph.node(maker)) +
                                 " uses a value that depends on its own result; the graph is cyclic");
        states[maker] = OnPath;
        path.push_back({maker, 0});
      }
    }
    return Status::success();
  }

  int64_t opsetOf(const onnx::NodeProto &node) const {
    auto found = opsets.find(domainOf(node));
    return found == opsets.end() ? 0 : found->second;
  }

  /// All operators that cannot be imported, in one message.
  Status checkOperators() {
    struct Missing {
      int64_t count = 0, opset = 0;
      const onnx::NodeProto *first = nullptr;
    };
    std::map<std::string, Missing> missing;
    std::set<std::string> functions;
    for (const onnx::FunctionProto &function : model.functions())
      functions.insert(function.domain() + "." + function.name());
    for (int index : live) {
      const onnx::NodeProto &node = graph.node(index);
      bool isFunction = functions.contains(node.domain() + "." + node.op_type());
      // ONNX Runtime takes a contrib domain that is not declared as version 1.
      int64_t opset = std::max<int64_t>(opsetOf(node), domainOf(node) == "com.microsoft");
      if (!isFunction && findOperator(domainOf(node), node.op_type(), opset))
        continue;
      std::string name = (domainOf(node).empty() ? "ai.onnx" : node.domain()) + "." + node.op_type();
      Missing &entry = missing[isFunction ? name + " (a function of the model)" : name];
      if (!entry.first)
        entry.first = &node;
      entry.opset = opset;
      ++entry.count;
    }
    if (missing.empty())
      return Status::success();
    std::string message = "has operators that are not supported: ";
    size_t listed = 0;
    for (const auto &[name, entry] : missing) {
      if (listed == 40) {
        message += "; and " + std::to_string(missing.size() - listed) + " more";
        break;
      }
      std::string shown = lathe::quoted(name);
      message += (listed++ ? "; " : "") + shown.substr(1, shown.size() - 2) + " of opset " +
                 std::to_string(entry.opset) + ", " + std::to_string(entry.count) +
                 (entry.count == 1 ? " node" : " nodes, the first") + " " +
                 lathe::quoted(entry.first->name().empty() && entry.first->output_size() ? entry.first->output(0)
                                                                                         : entry.first->name());
    }
    return Status::failure(message);
  }

  Location locationOf(const std::string &name) { return NameLoc::get(StringAttr::get(&context, name)); }

  /// One attempt. `found` counts sizes that turned out to be numbers: the module is not complete then.
  Status build(size_t &found) {
    if (Status status = sizes.readInputs(graph, initializerNames); !status)
      return status;
    OnnxGraphState state(&context, sizes, tensors, initializers, candidates);
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
    state.builder.setInsertionPointToEnd(module->getBody());
    SmallVector<Type> types;
    for (const OnnxInput &input : sizes.inputs())
      types.push_back(input.type);
    auto function = state.builder.create<func::FuncOp>(locationOf(graph.name()), "forward",
                                                       state.builder.getFunctionType(types, {}));
    Block *block = function.addEntryBlock();
    state.builder.setInsertionPointToStart(block);

    std::unordered_map<std::string, Value> values;
    for (auto [argument, input] : llvm::zip(block->getArguments(), sizes.inputs())) {
      argument.setLoc(locationOf(input.name));
      state.facts.setDims(argument, input.dims);
      if (!values.emplace(input.name, argument).second)
        return Status::failure("input " + lathe::quoted(input.name) + " appears twice");
    }
    for (int index : live)
      if (Status status = buildNode(state, graph.node(index), values); !status)
        return status;
    if (Status status = finish(state, function, values); !status)
      return status;
    for (auto [symbol, value] : state.bindings)
      if (isa<AffineSymbolExpr>(symbol)) {
        sizes.bind(symbol, value);
        ++found;
      }
    if (found)
      return Status::success();
    state.diagnostic.clear();
    verifying = true;
    if (failed(verify(*module)))
      return Status::failure("makes a graph that is not valid, at " + state.diagnostic);
    for (llm::WeightOp op : function.getOps<llm::WeightOp>())
      if (!weights.contains(op.getName().str()))
        if (Status status = weights.add(candidates.at(op.getName().str())); !status)
          return status;
    return Status::success();
  }

  /// The value of that name; makes one of an initializer. Throws OnnxFailure.
  Value valueOf(OnnxGraphState &state, const std::string &name, std::unordered_map<std::string, Value> &values) {
    if (auto known = values.find(name); known != values.end())
      return known->second;
    auto initializer = initializers.find(name);
    if (initializer == initializers.end())
      throw OnnxFailure{"uses " + lathe::quoted(name) +
                        ", which no input, initializer or node gives; the graph is incomplete"};
    onnx::NodeProto none;
    return values[name] = NodeBuilder(state, none, 0, locationOf(name)).constantOrWeight(initializer->second);
  }

  Status buildNode(OnnxGraphState &state, const onnx::NodeProto &node, std::unordered_map<std::string, Value> &values) {
    int64_t opset = std::max<int64_t>(opsetOf(node), domainOf(node) == "com.microsoft");
    std::string name = node.name();
    if (name.empty() && node.output_size())
      name = node.output(0);
    NodeBuilder builder(state, node, opset, locationOf(name),
                        [&](const std::string &operand) { return valueOf(state, operand, values); });
    state.diagnostic.clear();
    try {
      findOperator(domainOf(node), node.op_type(), opset)(builder);
    } catch (const OnnxFailure &failure) {
      return Status::failure(nodeText(node) + " " + failure.message);
    }
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty())
        continue;
      if (static_cast<size_t>(i) < builder.results.size() && builder.results[i])
        values[node.output(i)] = builder.results[i];
    }
    return Status::success();
  }

  Status finish(OnnxGraphState &state, func::FuncOp function, std::unordered_map<std::string, Value> &values) {
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
        results.push_back(valueOf(state, output.name(), values));
      } catch (const OnnxFailure &failure) {
        return Status::failure("output " + lathe::quoted(output.name()) + " " + failure.message);
      }
      types.push_back(results.back().getType());
    }
    state.builder.create<func::ReturnOp>(function.getLoc(), results);
    function.setFunctionType(builder.getFunctionType(function.getBody().getArgumentTypes(), types));
    SmallVector<StringRef> symbols(sizes.symbols().begin(), sizes.symbols().end());
    function->setAttr("llm.symbols", builder.getStrArrayAttr(symbols));
    for (auto [index, input] : llvm::enumerate(sizes.inputs())) {
      function.setArgAttr(index, "llm.name", builder.getStringAttr(input.name));
      function.setArgAttr(index, "llm.dims",
                          AffineMapAttr::get(AffineMap::get(0, symbols.size(), input.dims, &context)));
    }
    for (int i = 0; i < graph.output_size(); ++i)
      function.setResultAttr(i, "llm.name", builder.getStringAttr(graph.output(i).name()));
    // Ops without a use: parts of results with several parts, and values that were folded away.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
    return Status::success();
  }
};

} // namespace

Result<OwningOpRef<ModuleOp>> buildModule(MLIRContext &context, const onnx::ModelProto &model,
                                          const std::vector<ByteRange> &rawData, OnnxTensors &tensors,
                                          WeightTable &weights) {
  Import import(context, model, tensors, weights);
  if (Status status = import.run(rawData); !status)
    return status;
  return std::move(import.module);
}

} // namespace lathe
