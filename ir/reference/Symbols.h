// The symbolic sizes of a function, solved from the shapes of its inputs. Relies on the attributes llm.symbols and
// llm.dims (docs/architecture.md).
#pragma once

#include "runtime/Status.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/AffineMap.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lathe::reference {

/// Values of a function's symbols, in the order of llm.symbols; nothing where no input tells.
struct SymbolValues {
  std::vector<std::string> names;
  std::vector<std::optional<int64_t>> values;
};

/// Solves the symbols of `function` from `shapes`, one for each argument; `given` are values known beforehand. Fails,
/// naming the argument and both numbers, when a shape contradicts the argument's type or llm.dims, or another shape.
/// Where an argument is no tensor (a cache), llm.dims may have one expression, for the leading size.
Result<SymbolValues> solveSymbols(mlir::func::FuncOp function, std::span<const std::vector<int64_t>> shapes,
                                  const std::map<std::string, int64_t> &given);

/// The map's results. Fails when one needs a symbol without a value, or leaves int64.
Result<std::vector<int64_t>> evaluateMap(mlir::AffineMap map, const SymbolValues &symbols);

} // namespace lathe::reference
