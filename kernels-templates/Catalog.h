// The catalogue of kernels: which subgraphs of llm ops each can compute in one launch, and with what parameters. A
// kernel is a folder here; its .cpp defines one subclass of Kernel and one `LATHE_KERNEL(folder, Class)`.
#pragma once

#include "ir/Target.h"
#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapes.h"

#include <mlir/IR/AffineExpr.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/Operation.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lathe::kernels {

/// What a kernel may ask while it matches.
struct MatchContext {
  const Target &target;
  const llm::SymbolicShapes &shapes;
  /// Ops that another launch computes already: a launch may not contain them.
  llvm::function_ref<bool(mlir::Operation *)> isTaken;
};

/// How an operand's bytes are arranged; anything but Plain only for weights (values computed from llm.weight alone).
enum class Packing { Plain, Lanes, LanesInterleaved };

/// An extra buffer of a launch, after its inputs and outputs.
struct Workspace {
  mlir::AffineExpr bytes;
  bool persistent =
      false; ///< in the state arena: zero before the first launch, kept between launches (arrival counters)
};

/// One launch: what it computes, and how the kernel's text and its grid come out. All expressions are over the
/// function's symbols.
struct Launch {
  llvm::SmallVector<mlir::Operation *> ops; ///< in the order of the block; the last one is the root
  llvm::SmallVector<mlir::Value> inputs;    ///< read, in the order of the kernel's buffers; includes weights and caches
  llvm::SmallVector<mlir::Value>
      outputs; ///< results of `ops`; a cache that is updated in place comes last (it has no buffer of its own)
  /// Ops of `ops` that other launches may compute again for themselves (norms in a prologue): they may have uses
  /// outside.
  llvm::SmallPtrSet<mlir::Operation *, 4> recomputed;

  /// Constants of the template (namespace lathe::parameters): IntegerAttr of i64 -> `constexpr int64_t`, of i1 ->
  /// `constexpr bool`, FloatAttr -> `constexpr float`, DenseI64ArrayAttr -> `constexpr int64_t name[]`, StringAttr ->
  /// `using name = text;`.
  llvm::SmallVector<mlir::NamedAttribute> parameters;
  std::string functors; ///< text of namespace lathe::functors
  llvm::SmallVector<mlir::AffineExpr> params;
  mlir::AffineExpr grid;
  mlir::AffineExpr threadScratch; ///< null: none
  mlir::AffineExpr bytesRead;     ///< weights and cache that must be read; null: none
  llvm::SmallVector<Workspace> workspaces;
  /// Pairs that must be equal for the launch to stay inside of its buffers; a run in which they are not is refused.
  llvm::SmallVector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> checks;
  llvm::SmallVector<Packing> packing; ///< for each input; empty: all plain

  void set(mlir::Builder &builder, llvm::StringRef name, int64_t value) {
    parameters.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
  }
  void set(mlir::Builder &builder, llvm::StringRef name, bool value) {
    parameters.push_back(builder.getNamedAttr(name, builder.getBoolAttr(value)));
  }
  void set(mlir::Builder &builder, llvm::StringRef name, float value) {
    parameters.push_back(builder.getNamedAttr(name, builder.getF32FloatAttr(value)));
  }
  void set(mlir::Builder &builder, llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
    parameters.push_back(builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values)));
  }
  void setType(mlir::Builder &builder, llvm::StringRef name, llvm::StringRef type) {
    parameters.push_back(builder.getNamedAttr(name, builder.getStringAttr(type)));
  }
};

/// A kernel of the catalogue. Stateless.
class Kernel {
public:
  virtual ~Kernel() = default;
  /// The folder's and the template function's name.
  virtual llvm::StringRef name() const = 0;
  /// Kernels with a higher benefit are asked first (fused ones before single ops; 1 for a kernel that computes one op).
  virtual int benefit() const { return 1; }
  /// Appends what this kernel can compute that ends in `root`, best first. The driver takes the first whose ops are
  /// free and whose values are used outside only where `outputs` or `recomputed` allows it. Appends nothing when it
  /// does not fit.
  virtual void match(mlir::Operation *root, const MatchContext &context,
                     llvm::SmallVectorImpl<Launch> &launches) const = 0;
};

/// All kernels, highest benefit first, in a fixed order.
const std::vector<std::unique_ptr<Kernel>> &catalog();

/// The C++ name in templates of a plain element type: "float", "lathe::Half", "lathe::BFloat", "int64_t",
/// "lathe::Bool", ...
std::string elementTypeText(mlir::Type element);
/// Whether the value is computed from weights and constants alone (llm.weight through transpose, concat, cast, slice,
/// reshape).
bool isWeight(mlir::Value value);
/// Bytes of one element or of `count` elements of a block type; count must be whole blocks.
int64_t bytesOfElements(mlir::Type element, int64_t count);

} // namespace lathe::kernels

/// In <folder>/<Kernel>.cpp, at the top level: registers the class.
#define LATHE_KERNEL(FOLDER, CLASS)                                                                                    \
  std::unique_ptr<::lathe::kernels::Kernel> lathe_make_kernel_##FOLDER() { return std::make_unique<CLASS>(); }
