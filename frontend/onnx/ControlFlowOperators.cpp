// ONNX If, Loop and Scan: graphs in attributes become functions of the module that llm.if and llm.loop call. Source:
// the operator documents of ai.onnx.
#include "frontend/onnx/OnnxScope.h"
#include "frontend/onnx/Operators.h"

#include "ir/llm/ControlOps.h"

#include "onnx-ml.pb.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

using namespace mlir;

namespace lathe {

namespace {

const onnx::GraphProto &graphOf(NodeBuilder &n, StringRef name) {
  for (const onnx::AttributeProto &attribute : n.node.attribute())
    if (attribute.name() == name.str() && attribute.has_g())
      return attribute.g();
  n.fail("has no graph '" + name.str() + "'");
}

/// A tensor of one element as a scalar.
Value scalarOf(NodeBuilder &n, Value value, const char *what) {
  if (n.rank(value) == 0)
    return value;
  for (int64_t size : n.type(value).getShape())
    if (!ShapedType::isDynamic(size) && size != 1)
      n.fail(std::string("has ") + what + " of more than one element");
  return n.reshape(value, ArrayRef<int64_t>{});
}
Value conditionOf(NodeBuilder &n, Value value, const char *what) {
  if (!n.element(value).isInteger(1))
    n.fail(std::string("has ") + what + " that is no boolean");
  return scalarOf(n, value, what);
}
std::optional<int64_t> knownNumber(NodeBuilder &n, Value scalar) {
  auto known = n.state.facts.constants(scalar);
  return known && known->size() == 1 ? std::optional(known->front()) : std::nullopt;
}

/// A function under construction: what it takes, in order, with names that its graph may use.
struct Region {
  func::FuncOp function;
  std::unique_ptr<OnnxScope> scope;
  SmallVector<Value> results;
};

class RegionBuilder {
public:
  explicit RegionBuilder(NodeBuilder &n) : n(n), facts(n.state.facts), told(n.state.sizes.told()) {}

  /// Values of the names that the graphs use and that are neither initializers nor made in them.
  void capture(std::initializer_list<const onnx::GraphProto *> graphs) {
    std::set<std::string> names;
    for (const onnx::GraphProto *graph : graphs)
      names.merge(freeNames(*graph));
    for (const std::string &name : names) {
      if (n.scope->initializer(name))
        continue;
      Value value = n.scope->valueOf(name);
      if (isMadeAgain(value))
        again.push_back({name, value});
      else
        captured.push_back({name, value});
    }
  }
  SmallVector<Value> operands() const {
    SmallVector<Value> values;
    for (auto &[name, value] : captured)
      values.push_back(value);
    return values;
  }

  /// The function's arguments are `first`, of which null dims have a size of their own in each call, then what was
  /// captured; they have values in the scope's names.
  Region open(const onnx::GraphProto &graph, StringRef label, ArrayRef<std::pair<Type, Expressions>> first) {
    // A body is built anew while its sizes do not hold, and so is what is in it: nested deep, that never ends.
    constexpr int64_t mostFunctions = 4000, mostNodes = 1 << 20;
    n.state.innerNodes += graph.node_size();
    if (n.state.functions > mostFunctions || n.state.innerNodes > mostNodes)
      n.fail("nests graphs that make more than " + std::to_string(mostFunctions) + " functions or " +
             std::to_string(mostNodes) + " nodes");
    OpBuilder &builder = n.state.builder;
    Region region;
    std::string name = label.str() + "_" + std::to_string(n.state.functions++);
    region.scope = std::make_unique<OnnxScope>(*n.scope, graph, true, name);
    SmallVector<Type> types;
    SmallVector<Expressions> dims;
    for (auto &[element, sizes] : first)
      addArgument(element, sizes, types, dims);
    for (auto &[captureName, value] : captured)
      addArgument(n.element(value), facts.dims(value), types, dims);
    builder.setInsertionPointToEnd(n.state.module.getBody());
    region.function = builder.create<func::FuncOp>(n.location, name, builder.getFunctionType(types, {}));
    region.function.setPrivate();
    Block *block = region.function.addEntryBlock();
    builder.setInsertionPointToStart(block);
    for (auto [argument, sizes] : llvm::zip(block->getArguments(), dims)) {
      argument.setLoc(n.location);
      facts.setDims(argument, sizes);
      unsigned index = argument.getArgNumber();
      region.function.setArgAttr(
          index, "llm.dims",
          AffineMapAttr::get(AffineMap::get(0, n.state.sizes.symbols().size(), sizes, builder.getContext())));
      region.function.setArgAttr(index, "llm.name", builder.getStringAttr("in" + std::to_string(index)));
    }
    for (size_t i = 0; i < captured.size(); ++i) {
      Value argument = block->getArgument(first.size() + i);
      if (auto known = facts.integers(captured[i].second))
        facts.setIntegers(argument, *known);
      region.scope->set(captured[i].first, argument);
    }
    for (auto &[againName, value] : again)
      region.scope->set(againName, makeAgain(value));
    return region;
  }

  /// Builds the graph's nodes and takes its outputs.
  void build(Region &region) {
    Status status = region.scope->orderNodes();
    if (status)
      status = region.scope->buildNodes();
    if (!status)
      n.fail("has a graph that cannot be built: " + status.message());
    for (const onnx::ValueInfoProto &output : region.scope->graph.output())
      region.results.push_back(region.scope->valueOf(output.name()));
  }

  void close(Region &region) {
    OpBuilder &builder = n.state.builder;
    builder.create<func::ReturnOp>(n.location, region.results);
    SmallVector<Type> types;
    for (Value result : region.results)
      types.push_back(result.getType());
    region.function.setFunctionType(builder.getFunctionType(region.function.getArgumentTypes(), types));
    for (size_t i = 0; i < types.size(); ++i)
      region.function.setResultAttr(i, "llm.name", builder.getStringAttr("out" + std::to_string(i)));
  }

  /// Takes a function away again.
  void discard(Region &region) {
    region.function.walk([&](Operation *op) {
      for (Value result : op->getResults())
        facts.forget(result);
    });
    for (BlockArgument argument : region.function.getArguments())
      facts.forget(argument);
    region.function.erase();
  }

  /// Captures that no function uses are not taken; the functions' arguments from `first` on are what was captured.
  void dropUnused(ArrayRef<func::FuncOp> functions, size_t first) {
    for (size_t i = captured.size(); i-- > 0;) {
      bool used =
          llvm::any_of(functions, [&](func::FuncOp function) { return !function.getArgument(first + i).use_empty(); });
      if (used)
        continue;
      for (func::FuncOp function : functions) {
        facts.forget(function.getArgument(first + i));
        function.eraseArgument(first + i);
      }
      captured.erase(captured.begin() + i);
    }
  }

  /// Whether the size is told by the symbols there were before `count`.
  static bool isKnownBefore(AffineExpr size, size_t count) {
    bool known = static_cast<bool>(size);
    if (size)
      size.walk([&](AffineExpr part) {
        if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
          known &= symbol.getPosition() < count;
      });
    return known;
  }

private:
  NodeBuilder &n;
  ShapeFacts &facts;
  size_t told;
  std::vector<std::pair<std::string, Value>> captured, again;

  /// Constants, references to weights and shapes of inputs are ops that a function has for itself.
  bool isMadeAgain(Value value) const {
    Operation *op = value.getDefiningOp();
    if (op && isa<llm::ConstantOp, llm::WeightOp>(op))
      return true;
    auto known = facts.integers(value);
    return known && n.type(value).hasStaticShape() && !n.element(value).isInteger(1) &&
           llvm::all_of(*known, [&](AffineExpr element) { return isKnownBefore(element, told); });
  }
  Value makeAgain(Value value) {
    OpBuilder &builder = n.state.builder;
    if (Operation *op = value.getDefiningOp(); op && isa<llm::ConstantOp, llm::WeightOp>(op)) {
      Operation *copy = builder.clone(*op);
      facts.learn(copy);
      return copy->getResult(0);
    }
    Expressions elements = *facts.integers(value);
    auto type = n.type(value);
    auto vector = RankedTensorType::get({static_cast<int64_t>(elements.size())}, builder.getI64Type());
    auto map = AffineMap::get(0, n.state.sizes.symbols().size(), elements, builder.getContext());
    Value result = builder.create<llm::DimsOp>(n.location, vector, AffineMapAttr::get(map));
    facts.setIntegers(result, elements);
    if (type.getRank() != 1)
      result = n.reshape(result, type.getShape());
    result = n.cast(result, type.getElementType());
    facts.setIntegers(result, elements);
    return result;
  }

  void addArgument(Type element, const Expressions &sizes, SmallVectorImpl<Type> &types,
                   SmallVectorImpl<Expressions> &dims) {
    Expressions own;
    for (AffineExpr size : sizes) {
      // What is more than a symbol must follow from the inputs of the model; other sizes are looked at in each call.
      bool plain = size && isa<AffineSymbolExpr>(size);
      own.push_back(plain || isKnownBefore(size, told) ? size : n.state.sizes.fresh().first);
    }
    types.push_back(RankedTensorType::get(staticSizes(own), element));
    dims.push_back(own);
  }
};

/// The results of a call: sizes that are not known before it become symbols that it defines.
class CallResults {
public:
  CallResults(NodeBuilder &n, size_t symbolsBefore) : n(n), before(symbolsBefore) {}

  void add(Type element, Expressions sizes) {
    for (AffineExpr &size : sizes)
      if (!RegionBuilder::isKnownBefore(size, before)) {
        auto [symbol, name] = n.state.sizes.fresh();
        size = symbol;
        names.push_back(name);
      }
    types.push_back(RankedTensorType::get(staticSizes(sizes), element));
    dims.push_back(std::move(sizes));
  }
  ArrayAttr symbols() const {
    SmallVector<StringRef> texts(names.begin(), names.end());
    return n.state.builder.getStrArrayAttr(texts);
  }
  ArrayAttr sizes() const {
    SmallVector<Attribute> maps;
    for (const Expressions &each : dims)
      maps.push_back(
          AffineMapAttr::get(AffineMap::get(0, n.state.sizes.symbols().size(), each, n.state.builder.getContext())));
    return n.state.builder.getArrayAttr(maps);
  }
  void learn(Operation *op) const {
    for (auto [result, each] : llvm::zip(op->getResults(), dims))
      n.state.facts.setDims(result, each);
  }
  SmallVector<Type> types;

private:
  NodeBuilder &n;
  size_t before; // symbols from here on are not known before the call
  std::vector<std::string> names;
  std::vector<Expressions> dims;
};

} // namespace

void buildIf(NodeBuilder &n) {
  const onnx::GraphProto &thenGraph = graphOf(n, "then_branch"), &elseGraph = graphOf(n, "else_branch");
  if (thenGraph.output_size() != elseGraph.output_size())
    n.fail("has branches of " + std::to_string(thenGraph.output_size()) + " and " +
           std::to_string(elseGraph.output_size()) + " outputs");
  Value condition = conditionOf(n, n.in(0), "a condition");
  if (auto known = knownNumber(n, condition)) {
    OnnxScope scope(*n.scope, *known ? thenGraph : elseGraph, false, "if_" + std::to_string(n.state.functions++));
    Status status = scope.orderNodes();
    if (status)
      status = scope.buildNodes();
    if (!status)
      n.fail("has a branch that cannot be built: " + status.message());
    for (const onnx::ValueInfoProto &output : scope.graph.output())
      n.give(scope.valueOf(output.name()));
    return;
  }
  OpBuilder &builder = n.state.builder;
  RegionBuilder regions(n);
  regions.capture({&thenGraph, &elseGraph});
  size_t symbols = n.state.sizes.symbols().size();
  size_t bindings = n.state.bindings.size(), equalities = n.state.equalities.size();
  Region branches[2];
  {
    OpBuilder::InsertionGuard guard(builder);
    for (bool isElse : {false, true}) {
      Region &branch = branches[isElse];
      branch = regions.open(isElse ? elseGraph : thenGraph, isElse ? "else" : "then", {});
      regions.build(branch);
      regions.close(branch);
    }
  }
  // What holds in a branch need not hold in a run that takes the other one.
  n.state.bindings.resize(bindings);
  n.state.equalities.resize(equalities);
  regions.dropUnused({branches[0].function, branches[1].function}, 0);
  CallResults results(n, symbols);
  for (size_t i = 0; i < branches[0].results.size(); ++i) {
    Value a = branches[0].results[i], b = branches[1].results[i];
    if (n.element(a) != n.element(b) || n.rank(a) != n.rank(b)) {
      std::string message = "has branches whose output " + std::to_string(i) + " differs in more than its sizes: ";
      llvm::raw_string_ostream(message) << a.getType() << " and " << b.getType();
      n.fail(message);
    }
    Expressions sizes = n.state.facts.dims(a), others = n.state.facts.dims(b);
    for (auto [size, other] : llvm::zip(sizes, others))
      size = size == other ? size : AffineExpr();
    results.add(n.element(a), sizes);
  }
  auto op = builder.create<llm::IfOp>(n.location, results.types, condition, regions.operands(),
                                      FlatSymbolRefAttr::get(branches[0].function),
                                      FlatSymbolRefAttr::get(branches[1].function), results.symbols(), results.sizes());
  results.learn(op);
  for (Value result : op.getResults())
    n.give(result);
}

namespace {

/// A loop whose body is made by a function of this program around a graph of the file.
struct LoopPlan {
  Value limit, condition; // tensor<i64>, tensor<i1>
  SmallVector<Value> carried, extra;
  const onnx::GraphProto *body;
  /// Gives names to what the body gets; `extra` are the arguments for LoopPlan::extra.
  std::function<void(Region &region, Value iteration, Value condition, ValueRange carried, ValueRange extra)> enter;
  /// From the graph's outputs to (condition, carried, parts).
  std::function<void(Region &region, Value condition)> leave;
};

SmallVector<Value> buildLoopOp(NodeBuilder &n, const LoopPlan &plan) {
  OpBuilder &builder = n.state.builder;
  ShapeFacts &facts = n.state.facts;
  RegionBuilder regions(n);
  regions.capture({plan.body});
  size_t symbols = n.state.sizes.symbols().size(), count = plan.carried.size();
  // Sizes of carried values that stay the same are found by trying: those that do not get a size of their own.
  std::vector<Expressions> carried;
  for (Value value : plan.carried)
    carried.push_back(facts.dims(value));
  // A body that is built again, with the body it is in, begins where it ended.
  std::vector<SmallVector<bool>> &varying = n.state.varyingAxes[plan.body];
  varying.resize(count);
  for (auto [sizes, axes] : llvm::zip(carried, varying)) {
    axes.resize(sizes.size());
    for (auto [size, varies] : llvm::zip(sizes, axes))
      size = varies ? AffineExpr() : size;
  }
  auto forgetAll = [&] {
    for (Expressions &sizes : carried)
      std::fill(sizes.begin(), sizes.end(), AffineExpr());
  };
  Region body;
  bool goesOn = false; // the body never ends the loop itself
  for (int attempt = 0;; ++attempt) {
    size_t bindings = n.state.bindings.size(), equalities = n.state.equalities.size();
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<std::pair<Type, Expressions>> first = {{builder.getI64Type(), {}}, {builder.getI1Type(), {}}};
    for (auto [value, sizes] : llvm::zip(plan.carried, carried))
      first.push_back({n.element(value), sizes});
    for (Value value : plan.extra)
      first.push_back({n.element(value), facts.dims(value)});
    body = regions.open(*plan.body, "body", first);
    auto arguments = body.function.getArguments();
    bool stable = true;
    try {
      plan.enter(body, arguments[0], arguments[1], ValueRange(arguments.slice(2, count)),
                 ValueRange(arguments.slice(2 + count, plan.extra.size())));
      regions.build(body);
      plan.leave(body, arguments[1]);
      for (size_t i = 0; i < count; ++i) {
        Value before = arguments[2 + i], after = body.results[1 + i];
        if (n.element(before) != n.element(after) || n.rank(before) != n.rank(after)) {
          std::string message = "carries a value that becomes another type: ";
          llvm::raw_string_ostream(message) << before.getType() << " and " << after.getType();
          n.fail(message);
        }
        for (auto [size, now] : llvm::zip(carried[i], facts.dims(after)))
          if (size && size != now) {
            size = AffineExpr();
            stable = false;
          }
      }
    } catch (const OnnxFailure &) {
      // Sizes that turn out not to stay may be what does not fit.
      bool assumed = llvm::any_of(carried, [](const Expressions &sizes) {
        return llvm::any_of(sizes, [](AffineExpr size) { return static_cast<bool>(size); });
      });
      if (!assumed)
        throw;
      forgetAll();
      stable = false;
    }
    // What holds in the body need not hold in a run without an iteration.
    n.state.bindings.resize(bindings);
    n.state.equalities.resize(equalities);
    if (stable) {
      goesOn = body.results[0] == arguments[1] || knownNumber(n, body.results[0]) == 1;
      regions.close(body);
      break;
    }
    if (attempt >= 2)
      forgetAll();
    for (auto [sizes, axes] : llvm::zip(carried, varying))
      for (auto [size, varies] : llvm::zip(sizes, axes))
        varies = !size;
    regions.discard(body);
  }
  regions.dropUnused({body.function}, 2 + count + plan.extra.size());

  CallResults results(n, symbols);
  for (auto [value, sizes] : llvm::zip(plan.carried, carried))
    results.add(n.element(value), sizes);
  AffineExpr iterations;
  if (auto known = facts.integers(plan.limit); known && known->size() == 1 && known->front() && goesOn &&
                                               knownNumber(n, plan.condition) == 1 &&
                                               isNonNegativeExpression(known->front()))
    iterations = known->front();
  for (size_t i = 1 + count; i < body.results.size(); ++i) {
    Expressions sizes = facts.dims(body.results[i]);
    sizes.insert(sizes.begin(), iterations);
    results.add(n.element(body.results[i]), sizes);
  }
  SmallVector<Value> operands(plan.carried);
  operands.append(plan.extra);
  operands.append(regions.operands());
  auto op = builder.create<llm::LoopOp>(
      n.location, results.types, plan.limit, plan.condition, operands, FlatSymbolRefAttr::get(body.function),
      builder.getI64IntegerAttr(static_cast<int64_t>(count)), results.symbols(), results.sizes());
  results.learn(op);
  return SmallVector<Value>(op.getResults());
}

} // namespace

void buildLoop(NodeBuilder &n) {
  OpBuilder &builder = n.state.builder;
  const onnx::GraphProto &graph = graphOf(n, "body");
  LoopPlan plan;
  plan.body = &graph;
  if (n.has(0)) {
    plan.limit = scalarOf(n, n.in(0), "a trip count");
  } else {
    auto type = RankedTensorType::get({}, builder.getI64Type());
    plan.limit = n.constant(DenseIntElementsAttr::get(type, ArrayRef<int64_t>(INT64_MAX)));
  }
  if (!n.element(plan.limit).isInteger(64))
    n.fail("has a trip count that is no int64");
  plan.condition = n.has(1) ? conditionOf(n, n.in(1), "a condition") : n.scalar(builder.getI1Type(), 1);
  for (size_t i = 2; i < n.operandCount(); ++i)
    plan.carried.push_back(n.in(i));
  size_t count = plan.carried.size();
  if (static_cast<size_t>(graph.input_size()) != 2 + count || static_cast<size_t>(graph.output_size()) < 1 + count)
    n.fail("carries " + std::to_string(count) + " values into a body of " + std::to_string(graph.input_size()) +
           " inputs and " + std::to_string(graph.output_size()) + " outputs");
  plan.enter = [&](Region &region, Value iteration, Value condition, ValueRange carried, ValueRange) {
    region.scope->set(graph.input(0).name(), iteration);
    region.scope->set(graph.input(1).name(), condition);
    for (size_t i = 0; i < count; ++i)
      region.scope->set(graph.input(static_cast<int>(2 + i)).name(), carried[i]);
  };
  plan.leave = [&](Region &region, Value) {
    region.results[0] = conditionOf(n, region.results[0], "a body's condition");
  };
  for (Value result : buildLoopOp(n, plan))
    n.give(result);
}

void buildScan(NodeBuilder &n) {
  OpBuilder &builder = n.state.builder;
  const onnx::GraphProto &graph = graphOf(n, "body");
  size_t scanned = static_cast<size_t>(std::max<int64_t>(n.integer("num_scan_inputs", 0), 0));
  if (scanned == 0 || scanned > n.operandCount() || static_cast<size_t>(graph.input_size()) != n.operandCount())
    n.fail("scans " + std::to_string(scanned) + " of " + std::to_string(n.operandCount()) + " operands, its body has " +
           std::to_string(graph.input_size()) + " inputs");
  size_t states = n.operandCount() - scanned;
  if (static_cast<size_t>(graph.output_size()) < states)
    n.fail("has a body of " + std::to_string(graph.output_size()) + " outputs for " + std::to_string(states) +
           " states");
  size_t parts = graph.output_size() - states;
  auto listOf = [&](StringRef name, size_t count) {
    SmallVector<int64_t> values = n.integers(name).value_or(SmallVector<int64_t>(count, 0));
    if (values.size() != count)
      n.fail("has " + std::to_string(values.size()) + " " + name.str() + " for " + std::to_string(count));
    return values;
  };
  SmallVector<int64_t> inAxes = listOf("scan_input_axes", scanned), inBack = listOf("scan_input_directions", scanned),
                       outAxes = listOf("scan_output_axes", parts), outBack = listOf("scan_output_directions", parts);
  LoopPlan plan;
  plan.body = &graph;
  for (size_t i = 0; i < states; ++i)
    plan.carried.push_back(n.in(i));
  for (size_t i = 0; i < scanned; ++i) {
    plan.extra.push_back(n.in(states + i));
    inAxes[i] = n.axis(inAxes[i], n.rank(plan.extra.back()));
  }
  plan.limit = n.sizeOf(plan.extra[0], inAxes[0]);
  plan.condition = n.scalar(builder.getI1Type(), 1);
  plan.enter = [&](Region &region, Value iteration, Value, ValueRange carried, ValueRange extra) {
    for (size_t i = 0; i < states; ++i)
      region.scope->set(graph.input(static_cast<int>(i)).name(), carried[i]);
    for (size_t i = 0; i < scanned; ++i) {
      Value index = iteration;
      if (inBack[i])
        index = n.binary<llm::SubOp>(
            n.binary<llm::SubOp>(n.sizeOf(extra[i], inAxes[i]), n.scalar(builder.getI64Type(), 1)), iteration);
      region.scope->set(graph.input(static_cast<int>(states + i)).name(),
                        n.make<llm::GatherOp>({extra[i], index}, {n.whole("axis", inAxes[i])}));
    }
  };
  plan.leave = [&](Region &region, Value condition) { region.results.insert(region.results.begin(), condition); };
  SmallVector<Value> results = buildLoopOp(n, plan);
  for (size_t i = 0; i < parts; ++i) {
    Value &stack = results[states + i];
    int64_t rank = n.rank(stack), axis = n.axis(outAxes[i], rank);
    if (outBack[i]) {
      auto bound = [&](int64_t value) { return n.vector({value}); };
      stack = n.slice(stack, bound(-1), bound(INT64_MIN), {0}, {-1});
    }
    if (axis != 0) {
      SmallVector<int64_t> permutation;
      for (int64_t to = 0; to < rank; ++to)
        permutation.push_back(to == axis ? 0 : to < axis ? to + 1 : to);
      stack = n.transpose(stack, permutation);
    }
  }
  for (Value result : results)
    n.give(result);
}

} // namespace lathe
