// See OnnxParts.h.
#include "frontend/onnx/OnnxParts.h"
#include "frontend/files/Quoted.h"

#include "onnx-ml.pb.h"

#include <filesystem>
#include <functional>
#include <map>
#include <set>

namespace lathe {

namespace {

using Rename = std::function<std::string(const std::string &)>;

/// Deeper nesting is not parsed in the first place (protobuf's limit).
void renameGraph(onnx::GraphProto &graph, const Rename &rename) {
  auto renameAll = [&](auto &values) {
    for (auto &value : values)
      value.set_name(rename(value.name()));
  };
  renameAll(*graph.mutable_input());
  renameAll(*graph.mutable_output());
  renameAll(*graph.mutable_initializer());
  graph.clear_value_info();
  graph.clear_quantization_annotation();
  for (onnx::NodeProto &node : *graph.mutable_node()) {
    for (std::string &name : *node.mutable_input())
      name = name.empty() ? name : rename(name);
    for (std::string &name : *node.mutable_output())
      name = name.empty() ? name : rename(name);
    for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        renameGraph(*attribute.mutable_g(), rename);
      for (onnx::GraphProto &inner : *attribute.mutable_graphs())
        renameGraph(inner, rename);
    }
  }
}

std::map<std::string, int64_t> opsetsOf(const onnx::ModelProto &model) {
  std::map<std::string, int64_t> opsets;
  for (const onnx::OperatorSetIdProto &opset : model.opset_import())
    opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
  return opsets;
}

/// Notes the opset at each node whose domain has another one in the whole.
void noteOpsets(onnx::GraphProto &graph, const std::map<std::string, int64_t> &opsets,
                const std::map<std::string, int64_t> &whole) {
  for (onnx::NodeProto &node : *graph.mutable_node()) {
    std::string domain = node.domain() == "ai.onnx" ? "" : node.domain();
    auto own = opsets.find(domain), other = whole.find(domain);
    if (own != opsets.end() && (other == whole.end() || other->second != own->second)) {
      onnx::StringStringEntryProto *entry = node.add_metadata_props();
      entry->set_key(opsetOfPart);
      entry->set_value(std::to_string(own->second));
    }
    for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
      if (attribute.has_g())
        noteOpsets(*attribute.mutable_g(), opsets, whole);
      for (onnx::GraphProto &inner : *attribute.mutable_graphs())
        noteOpsets(inner, opsets, whole);
    }
  }
}

/// External data lies beside the part's file.
void moveExternalData(onnx::GraphProto &graph, const std::string &folder) {
  for (onnx::TensorProto &tensor : *graph.mutable_initializer())
    for (onnx::StringStringEntryProto &entry : *tensor.mutable_external_data())
      if (entry.key() == "location")
        entry.set_value(folder + "/" + entry.value());
}

} // namespace

Status addPart(onnx::ModelProto &whole, std::vector<ByteRange> &wholeData, onnx::ModelProto part,
               std::vector<ByteRange> data, const OnnxFiles &files, size_t number) {
  const OnnxFiles::Part &from = files.parts[number];
  onnx::GraphProto &graph = *part.mutable_graph();
  std::map<std::string, std::string> kept;
  for (const onnx::ValueInfoProto &input : graph.input())
    kept.emplace(input.name(), input.name());
  for (const onnx::ValueInfoProto &output : graph.output()) {
    auto forwarded = from.forwarded.find(output.name());
    kept[output.name()] = forwarded == from.forwarded.end() ? output.name() : forwarded->second;
  }
  renameGraph(graph, [&](const std::string &name) {
    auto found = kept.find(name);
    return found == kept.end() ? from.name + "/" + name : found->second;
  });
  std::error_code error;
  std::string folder =
      std::filesystem::path(from.path).parent_path().lexically_relative(std::filesystem::path(files.folder)).string();
  if (!folder.empty() && folder != ".")
    moveExternalData(graph, folder);

  std::map<std::string, int64_t> opsets = opsetsOf(part), others = opsetsOf(whole);
  for (const auto &[domain, version] : opsets)
    if (!others.contains(domain)) {
      onnx::OperatorSetIdProto *added = whole.add_opset_import();
      added->set_domain(domain);
      added->set_version(version);
    }
  noteOpsets(graph, opsets, opsetsOf(whole));
  for (const onnx::FunctionProto &function : part.functions()) {
    for (const onnx::FunctionProto &other : whole.functions())
      if (other.domain() == function.domain() && other.name() == function.name() &&
          other.SerializeAsString() != function.SerializeAsString())
        return Status::failure("has another function " + lathe::quoted(function.name()) + " than a part before it");
    *whole.add_functions() = function;
  }

  onnx::GraphProto &to = *whole.mutable_graph();
  std::map<std::string, const onnx::ValueInfoProto *> inputs;
  for (const onnx::ValueInfoProto &input : to.input())
    inputs.emplace(input.name(), &input);
  for (const onnx::ValueInfoProto &input : graph.input()) {
    auto known = inputs.find(input.name());
    if (known == inputs.end())
      *to.add_input() = input;
    else if (known->second->type().tensor_type().elem_type() != input.type().tensor_type().elem_type())
      return Status::failure("takes " + lathe::quoted(input.name()) + " in another element type than a part before it");
  }
  for (const onnx::ValueInfoProto &output : graph.output())
    *to.add_output() = output;
  for (onnx::NodeProto &node : *graph.mutable_node())
    *to.add_node() = std::move(node);
  for (int i = 0; i < graph.initializer_size(); ++i) {
    *to.add_initializer() = std::move(*graph.mutable_initializer(i));
    ByteRange range = static_cast<size_t>(i) < data.size() ? data[i] : ByteRange();
    range.file = static_cast<uint32_t>(number);
    wholeData.push_back(range);
  }
  if (graph.sparse_initializer_size())
    return Status::failure("has sparse initializers, which are not supported in a part");
  return Status::success();
}

Status linkParts(onnx::ModelProto &whole, const OnnxFiles &files) {
  onnx::GraphProto &graph = *whole.mutable_graph();
  std::set<std::string> given, taken;
  for (const onnx::ValueInfoProto &output : graph.output())
    if (!given.insert(output.name()).second)
      return Status::failure("two parts give " + lathe::quoted(output.name()));
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs, outputs;
  for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
    if (given.contains(input.name()))
      taken.insert(input.name());
    else
      *inputs.Add() = std::move(input);
  }
  for (onnx::ValueInfoProto &output : *graph.mutable_output())
    if (!taken.contains(output.name()) || files.isWanted(output.name()))
      *outputs.Add() = std::move(output);
  graph.mutable_input()->Swap(&inputs);
  graph.mutable_output()->Swap(&outputs);
  return Status::success();
}

} // namespace lathe
