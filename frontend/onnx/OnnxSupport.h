// The operators of a graph that cannot be imported, all at once, with what might help. Relies on the operator table.
#pragma once

#include "frontend/Frontend.h"

#include <map>

namespace onnx {
class NodeProto;
}

namespace lathe {

/// An operator of the table (OperatorTable.cpp).
struct OperatorName {
  std::string_view domain, name;
  int64_t since;
};
std::vector<OperatorName> supportedOperators();

/// Collects nodes that cannot be imported, by operator.
class OnnxSupport {
public:
  /// `what` is the reason where the operator itself is supported ("a function of the model").
  void add(const onnx::NodeProto &node, int64_t opset, const std::string &what = "");

  bool isComplete() const { return missing.empty(); }
  /// With hints; by domain and name.
  std::vector<ModelFacts::Unsupported> list() const;
  /// All in one message.
  Status status() const;

private:
  std::map<std::pair<std::string, std::string>, ModelFacts::Unsupported> missing;
};

/// What might help with an operator that is not supported: the opset that has it, another domain, an exporter's option,
/// the name it may be a misspelling of; may be empty.
std::string hintFor(std::string_view domain, std::string_view name, int64_t opset);

} // namespace lathe
