// resolve-sizes: symbols that data was to decide, and that turn out to be known or unused, go. Relies on
// SymbolicShapes.
#include "passes/Passes.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_RESOLVESIZES
#include "passes/Passes.h.inc"

namespace {

bool definesSymbols(Operation *op) { return isa<llm::SizeOp, llm::IfOp, llm::LoopOp>(op); }

struct ResolveSizes : impl::ResolveSizesBase<ResolveSizes> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() ||
        ::llvm::none_of(function.getBody().front(), [](Operation &op) { return definesSymbols(&op); }))
      return;
    while (substitute(function) || removeUnused(function))
      ;
  }

  /// Symbols whose value is an expression of others, or the value of another symbol.
  bool substitute(func::FuncOp function) {
    llm::SymbolicShapes shapes(function);
    DenseMap<AffineExpr, AffineExpr> replacements;
    DenseMap<Value, llm::SizeOp> sizeOf;
    SmallVector<llm::SizeOp> resolved;
    for (llm::SizeOp size : function.getBody().front().getOps<llm::SizeOp>()) {
      auto own = shapes.contentOf(size.getResult()), value = shapes.contentOf(size.getValue());
      auto [first, isFirst] = sizeOf.try_emplace(size.getValue(), size);
      if (!own)
        continue;
      AffineExpr expression;
      if (value && *value != *own)
        expression = value->front().replace(replacements);
      else if (!isFirst)
        expression = shapes.contentOf(first->second.getResult())->front();
      auto number = llm::constantValue(expression);
      if (!expression || (number && *number < 0)) // an error at run time, which names the place
        continue;
      replacements[own->front()] = expression;
      resolved.push_back(size);
    }
    if (resolved.empty())
      return false;
    for (llm::SizeOp size : resolved) {
      size.getResult().replaceAllUsesWith(size.getValue());
      size.erase();
      ++resolvedCount;
    }
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](AffineMapAttr attribute) -> Attribute {
      AffineMap map = attribute.getValue();
      SmallVector<AffineExpr> results;
      for (AffineExpr result : map.getResults()) {
        AffineExpr replaced = result.replace(replacements), canonical = shapes.sizes().canonical(replaced);
        results.push_back(canonical ? canonical : replaced);
      }
      return AffineMapAttr::get(AffineMap::get(0, std::max<unsigned>(map.getNumSymbols(), shapes.symbols().size()),
                                               results, map.getContext()));
    });
    for (Operation &op : function.getBody().front())
      replacer.replaceElementsIn(&op);
    return true;
  }

  /// Ops whose symbols and results nothing uses.
  bool removeUnused(func::FuncOp function) {
    Block &block = function.getBody().front();
    bool removed = false;
    for (bool again = true; again; removed |= again) {
      again = false;
      for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(block)))
        if (isOpTriviallyDead(&op))
          op.erase();
      DenseSet<unsigned> mentioned;
      AttrTypeWalker walker;
      walker.addWalk([&](AffineMapAttr attribute) {
        for (AffineExpr result : attribute.getValue().getResults())
          result.walk([&](AffineExpr part) {
            if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
              mentioned.insert(symbol.getPosition());
          });
      });
      for (Operation &op : block)
        if (!isa<llm::IfOp, llm::LoopOp>(op) || !op.use_empty())
          walker.walk(op.getAttrDictionary());
      for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(block))) {
        bool unused =
            definesSymbols(&op) && op.use_empty() && ::llvm::none_of(llm::definedSymbols(&op), [&](StringRef name) {
              auto position = llm::symbolPosition(&op, name);
              return position && mentioned.contains(*position);
            });
        if (!unused)
          continue;
        op.erase();
        again = true;
        ++unusedCount;
      }
    }
    return removed;
  }
};

} // namespace
} // namespace lathe
