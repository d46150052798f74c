// A function's layers, recognised as what repeats: the sequence of composite ops between one attention and the next.
// Relies on attentions, formed or not, being one a layer.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <map>
#include <string>
#include <vector>

namespace lathe {

/// Whether the op is one that fusion forms.
bool isFused(mlir::Operation *op);

class Layers {
public:
  /// A layer holds one attention, or one softmax that looks like one (FusePatterns.h). Fewer than two make no layers.
  explicit Layers(mlir::func::FuncOp function);

  size_t count() const { return begins_.size(); }
  /// The layer of an op of the function's block; -1 before the first and after the last.
  int of(mlir::Operation *op) const;
  /// How often each composite op (by name, "rope") occurs in the layer.
  const std::map<std::string, int> &content(size_t layer) const { return contents_[layer]; }
  /// What most layers hold.
  const std::map<std::string, int> &usual() const { return usual_; }

private:
  std::vector<size_t> begins_; // places in the block
  size_t end_ = 0;
  std::vector<std::map<std::string, int>> contents_;
  std::map<std::string, int> usual_;
  llvm::DenseMap<mlir::Operation *, size_t> places_;
};

} // namespace lathe
