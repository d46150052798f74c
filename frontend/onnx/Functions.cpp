// See Functions.h.
#include "frontend/onnx/Functions.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/OnnxParts.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

#include <unordered_map>

namespace lathe {

namespace {

constexpr int mostNodes = 1 << 20, deepest = 64;
constexpr size_t mostBytes = size_t(256) << 20;

std::string plainDomain(const std::string &domain) { return domain == "ai.onnx" ? "" : domain; }

using Names = std::unordered_map<std::string, std::string>;
using Attributes = std::unordered_map<std::string, const onnx::AttributeProto *>;
using Opsets = std::unordered_map<std::string, int64_t>;

template <class Imports> Opsets opsetsOf(const Imports &imports) {
  Opsets opsets;
  for (const onnx::OperatorSetIdProto &opset : imports)
    opsets[plainDomain(opset.domain())] = opset.version();
  return opsets;
}

class Inliner {
public:
  explicit Inliner(const onnx::ModelProto &model) : modelOpsets(opsetsOf(model.opset_import())) {
    for (const onnx::FunctionProto &function : model.functions())
      functions.emplace(keyOf(function.domain(), function.name(), function.overload()), &function);
  }

  Status graph(onnx::GraphProto &graph) {
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Swap(graph.mutable_node());
    for (onnx::NodeProto &node : nodes)
      if (Status status = place(std::move(node), modelOpsets, graph, 0); !status)
        return status;
    return Status::success();
  }

private:
  std::unordered_map<std::string, const onnx::FunctionProto *> functions;
  Opsets modelOpsets;
  int placed = 0, calls = 0;
  size_t bytes = 0;

  static std::string keyOf(const std::string &domain, const std::string &name, const std::string &overload) {
    return plainDomain(domain) + '\0' + name + '\0' + overload;
  }

  /// Adds the node, or what it calls, behind the graph's nodes. `opsets` are those of where the node stands.
  Status place(onnx::NodeProto node, const Opsets &opsets, onnx::GraphProto &graph, int depth) {
    std::string domain = plainDomain(node.domain());
    auto version = opsets.find(domain);
    int64_t opset = std::max<int64_t>(version == opsets.end() ? 0 : version->second, domain == "com.microsoft");
    auto called = functions.find(keyOf(node.domain(), node.op_type(), node.overload()));
    if (called != functions.end() && !findOperator(domain, node.op_type(), opset))
      return call(node, *called->second, graph, depth);
    for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        if (Status status = inner(*attribute.mutable_g(), opsets, depth); !status)
          return status;
      for (onnx::GraphProto &subgraph : *attribute.mutable_graphs())
        if (Status status = inner(subgraph, opsets, depth); !status)
          return status;
    }
    auto whole = modelOpsets.find(domain);
    if (version != opsets.end() && (whole == modelOpsets.end() || whole->second != version->second)) {
      onnx::StringStringEntryProto *entry = node.add_metadata_props();
      entry->set_key(opsetOfPart);
      entry->set_value(std::to_string(version->second));
    }
    bytes += node.ByteSizeLong();
    if (++placed > mostNodes || bytes > mostBytes)
      return Status::failure("has functions that make a graph of more than " + std::to_string(mostNodes) +
                             " nodes or 256 MiB");
    *graph.add_node() = std::move(node);
    return Status::success();
  }

  Status inner(onnx::GraphProto &subgraph, const Opsets &opsets, int depth) {
    if (depth >= deepest)
      return Status::failure("has functions or graphs that are nested more than " + std::to_string(deepest) + " deep");
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Swap(subgraph.mutable_node());
    for (onnx::NodeProto &node : nodes)
      if (Status status = place(std::move(node), opsets, subgraph, depth + 1); !status)
        return status;
    return Status::success();
  }

  Status call(const onnx::NodeProto &node, const onnx::FunctionProto &function, onnx::GraphProto &graph, int depth) {
    std::string shown = lathe::quoted(function.name());
    if (depth >= deepest)
      return Status::failure("has the function " + shown + ", which calls itself, or calls that are nested more than " +
                             std::to_string(deepest) + " deep");
    if (node.input_size() > function.input_size() || node.output_size() > function.output_size())
      return Status::failure("calls the function " + shown + " with " + std::to_string(node.input_size()) +
                             " inputs and " + std::to_string(node.output_size()) + " outputs; it has " +
                             std::to_string(function.input_size()) + " and " + std::to_string(function.output_size()));
    // What is inside gets the call's name in front, with a number: two calls may have one name.
    std::string label = node.name().empty() && node.output_size() ? node.output(0) : node.name();
    std::string prefix = label + "/" + std::to_string(calls++) + "/";
    Names names;
    for (int i = 0; i < function.input_size(); ++i)
      names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    std::vector<std::pair<std::string, std::string>> copies; // an input that is an output
    for (int i = 0; i < node.output_size(); ++i)
      if (!node.output(i).empty() && !names.emplace(function.output(i), node.output(i)).second)
        copies.emplace_back(names[function.output(i)], node.output(i));
    Attributes attributes;
    for (const onnx::AttributeProto &attribute : function.attribute_proto())
      attributes[attribute.name()] = &attribute;
    for (const onnx::AttributeProto &attribute : node.attribute())
      attributes[attribute.name()] = &attribute;

    Opsets opsets = opsetsOf(function.opset_import());
    for (const onnx::NodeProto &original : function.node()) {
      onnx::NodeProto copy = original;
      copy.set_name(prefix + original.name());
      if (Status status = rename(copy, names, attributes, prefix, depth); !status)
        return status;
      if (Status status = place(std::move(copy), opsets, graph, depth + 1); !status)
        return status;
    }
    for (const auto &[from, to] : copies) {
      onnx::NodeProto copy;
      copy.set_op_type("Identity");
      copy.set_name(prefix + to);
      copy.add_input(from);
      copy.add_output(to);
      if (Status status = place(std::move(copy), modelOpsets, graph, depth + 1); !status)
        return status;
    }
    return Status::success();
  }

  static std::string renamed(const Names &names, const std::string &name, const std::string &prefix) {
    if (name.empty())
      return name;
    auto known = names.find(name);
    return known == names.end() ? prefix + name : known->second;
  }

  /// Names of values as the caller knows them, attributes that refer to those of the call as these.
  Status rename(onnx::NodeProto &node, const Names &names, const Attributes &attributes, const std::string &prefix,
                int depth) {
    if (depth >= deepest)
      return Status::failure("has graphs that are nested more than " + std::to_string(deepest) + " deep");
    for (std::string &input : *node.mutable_input())
      input = renamed(names, input, prefix);
    for (std::string &output : *node.mutable_output())
      output = renamed(names, output, prefix);
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> all;
    all.Swap(node.mutable_attribute());
    for (onnx::AttributeProto &attribute : all) {
      if (!attribute.ref_attr_name().empty()) {
        auto given = attributes.find(attribute.ref_attr_name());
        if (given == attributes.end()) // left out by the call, and without a default
          continue;
        onnx::AttributeProto *added = node.add_attribute();
        *added = *given->second;
        added->set_name(attribute.name());
        continue;
      }
      if (attribute.has_g())
        if (Status status = rename(*attribute.mutable_g(), names, attributes, prefix, depth + 1); !status)
          return status;
      for (onnx::GraphProto &graph : *attribute.mutable_graphs())
        if (Status status = rename(graph, names, attributes, prefix, depth + 1); !status)
          return status;
      *node.add_attribute() = std::move(attribute);
    }
    return Status::success();
  }

  /// A graph inside of a function: its own names get the prefix as all others do.
  Status rename(onnx::GraphProto &graph, const Names &outer, const Attributes &attributes, const std::string &prefix,
                int depth) {
    Names names = outer;
    for (const onnx::ValueInfoProto &input : graph.input()) // hides a name of the function
      names.erase(input.name());
    for (const onnx::TensorProto &tensor : graph.initializer())
      names.erase(tensor.name());
    for (const onnx::NodeProto &node : graph.node())
      for (const std::string &output : node.output())
        names.erase(output);
    for (onnx::ValueInfoProto &input : *graph.mutable_input())
      input.set_name(prefix + input.name());
    for (onnx::TensorProto &tensor : *graph.mutable_initializer())
      tensor.set_name(prefix + tensor.name());
    for (onnx::ValueInfoProto &output : *graph.mutable_output())
      output.set_name(renamed(names, output.name(), prefix));
    for (onnx::NodeProto &node : *graph.mutable_node())
      if (Status status = rename(node, names, attributes, prefix, depth); !status)
        return status;
    return Status::success();
  }
};

} // namespace

Status inlineFunctions(onnx::ModelProto &model) {
  if (!model.functions_size())
    return Status::success();
  Inliner inliner(model);
  if (Status status = inliner.graph(*model.mutable_graph()); !status)
    return status;
  model.clear_functions();
  return Status::success();
}

} // namespace lathe
