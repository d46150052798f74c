// The sizes of a graph's inputs as expressions of named symbols: the names of the file, normalised so that exporters
// agree. Relies on the schema's ValueInfoProto.
#pragma once

#include "frontend/onnx/OnnxFolder.h"
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
///    (batch, past, heads, size), where `past` is the one of the two that is not static; or of rank 5 with keys and
///    values in one: (2, batch, heads, past, size); a cache that GroupQueryAttention keeps at the size of its window is none;
///  - attention_mask is (batch, past + tokens) with a cache, else (batch, tokens); position_ids and token_type_ids are
///  (batch, tokens), and so is another mask of rank 2 whose sizes have no names.
///  - where an input use_cache_branch chooses between a first and a next step, caches of the encoder's keys and values
///  are empty in the first: their length is past_encoder, whatever its name;
/// The name of an input is what `files` say it is called elsewhere.
/// A name that was given a meaning so has it in every other input. Sums of names and numbers in a name are expressions;
/// what is left is a symbol by its name, or of a fresh name where the file has none. Sizes that are static in the file
/// stay so.
class OnnxSizes {
public:
  /// `files` must outlive the object.
  OnnxSizes(mlir::MLIRContext *context, const OnnxFiles &files) : context(context), files(files) {}

  /// Fails for inputs that are no tensors of a known rank and a supported type, and for negative sizes.
  Status readInputs(const onnx::GraphProto &graph, const std::set<std::string> &initializers);
  /// Says that a symbol has this value in every run. Takes effect in the next readInputs().
  /// False when the symbol is none of the inputs'.
  bool bind(mlir::AffineExpr symbol, int64_t value);
  /// The same of two symbols that are equal in every run.
  bool bind(mlir::AffineExpr symbol, mlir::AffineExpr other);

  const std::vector<OnnxInput> &inputs() const { return inputs_; }
  const std::vector<std::string> &symbols() const { return symbols_; }
  /// How many of the symbols inputs tell: the first ones.
  size_t told() const { return told_; }
  /// A symbol that no input tells, and its name.
  std::pair<mlir::AffineExpr, std::string> fresh();
  /// The symbol of that name, or null.
  mlir::AffineExpr find(const std::string &name) const;

private:
  mlir::MLIRContext *context;
  const OnnxFiles &files;
  std::vector<OnnxInput> inputs_;
  std::vector<std::string> symbols_;
  size_t told_ = 0;
  std::map<std::string, mlir::AffineExpr> meanings; // names in the file -> expressions
  std::map<std::string, int64_t> bound;             // names of symbols -> values
  std::map<std::string, std::string> equal;         // names of symbols -> those that stand for them

  std::set<std::string> windows; // inputs that are caches of the window's size

  bool isCache(const onnx::ValueInfoProto &input) const;
  mlir::AffineExpr symbol(const std::string &given);
  mlir::AffineExpr parse(const std::string &text);
  void mean(const onnx::TensorShapeProto_Dimension &size, mlir::AffineExpr expression);
};

} // namespace lathe
