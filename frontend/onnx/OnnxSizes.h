// The sizes of a graph's inputs as expressions of named symbols: the names of the file, normalised so that exporters
// agree. Relies on the schema's ValueInfoProto.
#pragma once

#include "runtime/Status.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <mlir/IR/AffineExpr.h>
#include <mlir/IR/BuiltinTypes.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace onnx {
class GraphProto;
class ValueInfoProto;
class TensorShapeProto_Dimension;
} // namespace onnx

namespace lathe {

/// One input of the graph that is no initializer.
struct OnnxInput {
  std::string name;
  mlir::RankedTensorType type;
  llvm::SmallVector<mlir::AffineExpr> dims;
};

/// Rules, in this order. Exporters that trace without constraints (torch.export) give every input its own names
/// although the sizes are equal in every run, so what an input is for decides:
///  - input_ids (batch, tokens), or inputs_embeds (batch, tokens, hidden), names the first two symbols;
///  - a cache is a float input of rank 4 whose name says "past" or "cache" (not "encoder" or "cross"): (batch, heads,
///  past, size) or
///    (batch, past, heads, size), where `past` is the one of the two that is not static;
///  - attention_mask is (batch, past + tokens) with a cache, else (batch, tokens); position_ids and token_type_ids are
///  (batch, tokens).
/// A name that was given a meaning so has it in every other input. Sums of names and numbers in a name are expressions;
/// what is left is a symbol by its name, or of a fresh name where the file has none. Sizes that are static in the file
/// stay so.
class OnnxSizes {
public:
  explicit OnnxSizes(mlir::MLIRContext *context) : context(context) {}

  /// Fails for inputs that are no tensors of a known rank and a supported type, and for negative sizes.
  Status readInputs(const onnx::GraphProto &graph, const std::set<std::string> &initializers);
  /// Says that a symbol has this value in every run. Takes effect in the next readInputs().
  void bind(mlir::AffineExpr symbol, int64_t value);

  const std::vector<OnnxInput> &inputs() const { return inputs_; }
  const std::vector<std::string> &symbols() const { return symbols_; }
  /// The symbol of that name, or null.
  mlir::AffineExpr find(const std::string &name) const;

private:
  mlir::MLIRContext *context;
  std::vector<OnnxInput> inputs_;
  std::vector<std::string> symbols_;
  std::map<std::string, mlir::AffineExpr> meanings; // names in the file -> expressions
  std::map<std::string, int64_t> bound;             // names of symbols -> values

  mlir::AffineExpr symbol(const std::string &name);
  mlir::AffineExpr parse(const std::string &text);
  void mean(const onnx::TensorShapeProto_Dimension &size, mlir::AffineExpr expression);
};

} // namespace lathe
