// See OnnxScope.h.
#include "frontend/onnx/OnnxScope.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

std::string domainOf(const onnx::NodeProto &node) { return node.domain() == "ai.onnx" ? "" : node.domain(); }

std::string nodeText(const onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty() && node.output_size())
    name = node.output(0);
  return "node " + lathe::quoted(name) + " (" + (domainOf(node).empty() ? "" : node.domain() + ".") + node.op_type() +
         ")";
}

/// Deeper nesting is not parsed in the first place (protobuf's limit).
template <class Visit> static void eachInnerGraph(const onnx::NodeProto &node, Visit visit) {
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      visit(attribute.g());
    for (const onnx::GraphProto &inner : attribute.graphs())
      visit(inner);
  }
}

void walkInner(const onnx::NodeProto &node, const std::function<void(const onnx::NodeProto &)> &visit) {
  eachInnerGraph(node, [&](const onnx::GraphProto &graph) {
    for (const onnx::NodeProto &inner : graph.node()) {
      visit(inner);
      walkInner(inner, visit);
    }
  });
}

/// The node's operands, and what the graphs in it take from outside.
static std::set<std::string> usedNames(const onnx::NodeProto &node) {
  std::set<std::string> names(node.input().begin(), node.input().end());
  eachInnerGraph(node, [&](const onnx::GraphProto &graph) { names.merge(freeNames(graph)); });
  names.erase("");
  return names;
}

std::set<std::string> freeNames(const onnx::GraphProto &graph) {
  std::set<std::string> used, made;
  for (const onnx::ValueInfoProto &input : graph.input())
    made.insert(input.name());
  for (const onnx::TensorProto &initializer : graph.initializer())
    made.insert(initializer.name());
  for (const onnx::NodeProto &node : graph.node()) {
    used.merge(usedNames(node));
    made.insert(node.output().begin(), node.output().end());
  }
  for (const onnx::ValueInfoProto &output : graph.output())
    used.insert(output.name());
  for (const std::string &name : made)
    used.erase(name);
  return used;
}

OnnxScope::OnnxScope(OnnxGraphState &state, const onnx::GraphProto &graph) : graph(graph), state(state) {}
OnnxScope::OnnxScope(OnnxScope &outer, const onnx::GraphProto &graph, bool isFunction, const std::string &prefix)
    : graph(graph), state(outer.state), outer(&outer), isFunction(isFunction), prefix(prefix) {}

Status OnnxScope::readInitializers() {
  if (graph.sparse_initializer_size())
    return Status::failure("has sparse initializers, which are not supported");
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    std::string name = prefix + "/" + tensor.name();
    if (!renamed.emplace(tensor.name(), name).second)
      return Status::failure("tensor " + lathe::quoted(tensor.name()) + " appears twice");
    if (state.initializers.contains(name)) // of an attempt before this one
      continue;
    Result<Weight> weight = state.tensors.read(tensor);
    if (!weight)
      return weight.status();
    weight->name = name;
    state.initializers.emplace(name, std::move(*weight));
  }
  return Status::success();
}

const Weight *OnnxScope::initializer(const std::string &name) const {
  if (values.contains(name) && outer)
    return nullptr; // a value of that name hides it
  std::string key = name;
  if (outer) {
    auto own = renamed.find(name);
    if (own == renamed.end())
      return outer->initializer(name);
    key = own->second;
  }
  auto found = state.initializers.find(key);
  return found == state.initializers.end() ? nullptr : &found->second;
}

Status OnnxScope::orderNodes() {
  live.clear();
  if (outer)
    if (Status status = readInitializers(); !status)
      return status;
  std::unordered_map<std::string, int> makers;
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &output : graph.node(i).output())
      if (!output.empty() && ((outer ? renamed.contains(output) : state.initializers.contains(output)) ||
                              !makers.emplace(output, i).second))
        return Status::failure(nodeText(graph.node(i)) + " gives " + lathe::quoted(output) + ", which exists already");
  auto makerOf = [&](const std::string &name) {
    auto found = makers.find(name);
    return found == makers.end() ? -1 : found->second;
  };
  // What each live node uses of other nodes.
  std::vector<std::vector<int>> uses(graph.node_size());
  std::vector<bool> isLive(graph.node_size());
  std::vector<int> open;
  auto visit = [&](int maker) {
    if (maker >= 0 && !isLive[maker]) {
      isLive[maker] = true;
      open.push_back(maker);
    }
  };
  for (const onnx::ValueInfoProto &output : graph.output())
    visit(makerOf(output.name()));
  while (!open.empty()) {
    int next = open.back();
    open.pop_back();
    for (const std::string &name : usedNames(graph.node(next)))
      if (int maker = makerOf(name); maker >= 0) {
        uses[next].push_back(maker);
        visit(maker);
      }
  }
  // Depth first, without recursion: a node is on the path while its inputs are ordered.
  enum State : char { Untouched, OnPath, Ordered };
  std::vector<State> states(graph.node_size(), Untouched);
  std::vector<std::pair<int, size_t>> path; // node, its next use
  for (int i = 0; i < graph.node_size(); ++i) {
    if (!isLive[i] || states[i] != Untouched)
      continue;
    path.push_back({i, 0});
    states[i] = OnPath;
    while (!path.empty()) {
      auto &[index, next] = path.back();
      if (next == uses[index].size()) {
        states[index] = Ordered;
        live.push_back(index);
        path.pop_back();
        continue;
      }
      int maker = uses[index][next++];
      if (states[maker] == Ordered)
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

Status OnnxScope::buildNodes() {
  for (int index : live)
    if (Status status = buildNode(graph.node(index)); !status)
      return status;
  return Status::success();
}

Value OnnxScope::valueOf(const std::string &name) {
  if (auto known = values.find(name); known != values.end())
    return known->second;
  if (const Weight *weight = initializer(name)) {
    // An inlined graph shares those of the function it is in.
    if (outer && !isFunction && !renamed.contains(name))
      return outer->valueOf(name);
    Value &constant = constants[name];
    if (constant)
      return constant;
    onnx::NodeProto none;
    auto location = NameLoc::get(state.builder.getStringAttr(name));
    return constant = NodeBuilder(state, none, 0, location).constantOrWeight(*weight);
  }
  if (outer && !isFunction)
    return outer->valueOf(name);
  throw OnnxFailure{"uses " + lathe::quoted(name) +
                    ", which no input, initializer or node gives; the graph is incomplete"};
}

Status OnnxScope::buildNode(const onnx::NodeProto &node) {
  // ONNX Runtime takes a contrib domain that is not declared as version 1.
  int64_t opset = std::max<int64_t>(state.opsetOf(node), domainOf(node) == "com.microsoft");
  std::string name = node.name();
  if (name.empty() && node.output_size())
    name = node.output(0);
  // With the operator in the location below, for whoever says how a file spells something.
  Builder &builder = state.builder;
  auto location = NameLoc::get(builder.getStringAttr(name), NameLoc::get(builder.getStringAttr(node.op_type())));
  NodeBuilder made(state, node, opset, location, [&](const std::string &operand) { return valueOf(operand); });
  made.scope = this;
  state.diagnostic.clear();
  try {
    findOperator(domainOf(node), node.op_type(), opset)(made);
  } catch (const OnnxFailure &failure) {
    return Status::failure(nodeText(node) + " " + failure.message);
  }
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty() && static_cast<size_t>(i) < made.results.size() && made.results[i])
      values[node.output(i)] = made.results[i];
  return Status::success();
}

} // namespace lathe
