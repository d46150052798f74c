// What fusion passes leave behind for `lathe explain`: every op they form carries the locations of all it was formed
// from, and a FusionLog keeps why patterns stopped (NearMiss.h). A listener of the patterns' own application, no
// matcher.
#pragma once

#include <llvm/ADT/SmallPtrSet.h>
#include <mlir/IR/PatternMatch.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace lathe {

/// Near misses of one compilation, the last of each pattern at each op.
class FusionLog {
public:
  struct Miss {
    std::string fusion, condition, text, help; ///< as in NearMiss
    int progress = 0;
    std::string op;         ///< the name of the anchor: "llm.softmax"
    mlir::Location anchor;  ///< its location
    mlir::Location culprit; ///< where the condition failed

    Miss(std::string op, mlir::Location anchor) : op(std::move(op)), anchor(anchor), culprit(anchor) {}
  };

  /// A pass begins (again): what it said before is forgotten.
  void begin(llvm::StringRef pass);
  /// `root`: the op the pattern was applied at, only to tell applications apart.
  void add(llvm::StringRef pass, llvm::StringRef pattern, const mlir::Operation *root, Miss miss);
  /// The pattern is applied anew.
  void forget(llvm::StringRef pass, llvm::StringRef pattern, const mlir::Operation *root);
  /// The location of an op of that name became another.
  void moved(llvm::StringRef op, mlir::Location from, mlir::Location to);

  std::vector<Miss> misses() const;

private:
  using Key = std::tuple<std::string, std::string, const void *>; // pass, pattern, root
  std::map<Key, std::pair<size_t, Miss>> misses_;                 // with its number, for the order
  size_t count_ = 0;
};

/// Attach to GreedyRewriteConfig::listener of a fusion pass.
class FusionListener : public mlir::RewriterBase::Listener {
public:
  /// `log` may be null: locations are kept all the same.
  FusionListener(llvm::StringRef pass, FusionLog *log);

  void notifyPatternBegin(const mlir::Pattern &pattern, mlir::Operation *op) override;
  void notifyPatternEnd(const mlir::Pattern &pattern, llvm::LogicalResult status) override;
  void notifyMatchFailure(mlir::Location location, llvm::function_ref<void(mlir::Diagnostic &)> reason) override;
  void notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint previous) override;
  void notifyOperationReplaced(mlir::Operation *op, mlir::ValueRange replacement) override;
  void notifyOperationErased(mlir::Operation *op) override;

private:
  std::string pass;
  FusionLog *log;
  std::string pattern;
  mlir::Operation *root = nullptr;         // of the pattern that is being applied; null once it is gone
  std::string rootName;                    // "llm.softmax"
  llvm::SmallVector<mlir::Value> operands; // of a root that patterns change in place, before
  llvm::SmallVector<mlir::Operation *> inserted;

  void absorb(llvm::ArrayRef<mlir::Operation *> into, llvm::ArrayRef<mlir::Operation *> gone);
};

/// The names in a location and in those it is fused of, each once, in order; what a name is (an operator of the file)
/// is in the location below it.
llvm::SmallVector<mlir::NameLoc> namesIn(mlir::Location location);

/// "'node_7' (MatMul) and 3 more nodes": a location for a message.
std::string placeText(mlir::Location location);

/// Adds to `op`'s location those of `others`.
void fuseLocations(mlir::Operation *op, llvm::ArrayRef<mlir::Location> others, FusionLog *log = nullptr);

} // namespace lathe
