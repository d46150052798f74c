// The values of one graph of the file by name while it is built: the main graph, or a graph in an attribute of a node
// (a branch, the body of a loop), which sees the names around it. Relies on the operator table.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

#include <set>
#include <unordered_map>

namespace onnx {
class GraphProto;
} // namespace onnx

namespace lathe {

/// "" for ai.onnx.
std::string domainOf(const onnx::NodeProto &node);
/// "node 'name' (Operator)".
std::string nodeText(const onnx::NodeProto &node);
/// Calls visit(node) for the nodes of the graphs in the node's attributes, and of those in them.
void walkInner(const onnx::NodeProto &node, const std::function<void(const onnx::NodeProto &)> &visit);
/// The names a graph uses and does not make, with those of the graphs in it.
std::set<std::string> freeNames(const onnx::GraphProto &graph);

class OnnxScope {
public:
  /// The main graph; its initializers are the state's.
  OnnxScope(OnnxGraphState &state, const onnx::GraphProto &graph);
  /// A graph in an attribute. Where `isFunction`, it is a function of its own: of what is around it, it sees
  /// initializers, which become ops of its own, and what is set(). `prefix` makes names of its weights unique.
  OnnxScope(OnnxScope &outer, const onnx::GraphProto &graph, bool isFunction, const std::string &prefix);

  const onnx::GraphProto &graph;
  OnnxGraphState &state;

  /// The nodes that outputs depend on, each after those it uses; others are dropped. Files whose nodes are in order
  /// keep it. Before buildNodes().
  Status orderNodes();
  const std::vector<int> &nodes() const { return live; }
  /// Makes the values of all live nodes, at the state's insertion point.
  Status buildNodes();

  /// False when the name has a value.
  bool set(const std::string &name, mlir::Value value) { return values.emplace(name, value).second; }
  /// The value of that name; makes one of an initializer. Throws OnnxFailure.
  mlir::Value valueOf(const std::string &name);
  /// The initializer of that name, here or around, or null.
  const Weight *initializer(const std::string &name) const;

private:
  OnnxScope *outer = nullptr;
  bool isFunction = false;
  std::string prefix;
  std::vector<int> live;                                          // indices of nodes, in an order that can be built
  std::unordered_map<std::string, mlir::Value> values, constants; // constants: made of initializers
  std::unordered_map<std::string, std::string> renamed;           // initializers of this graph -> those of the state

  Status readInitializers();
  Status buildNode(const onnx::NodeProto &node);
};

} // namespace lathe
