// The families of ops behind evaluate(), and the loops they share. Private to ir/reference.
#pragma once

#include "ir/llm/Llm.h"
#include "ir/reference/Symbols.h"
#include "ir/reference/Tensor.h"

#include <llvm/ADT/STLFunctionalExtras.h>

#include <array>
#include <optional>

namespace lathe::reference {

/// The operands of the op under evaluation: null for an optional operand that is not there.
using Operands = llvm::function_ref<const Tensor *(mlir::Value)>;

/// Each gives the op's result, or nothing when the op is of another family.
std::optional<Result<Tensor>> evaluateTensorOp(mlir::Operation *op, Operands operands, const SymbolValues &symbols);
std::optional<Result<Tensor>> evaluatePointwiseOp(mlir::Operation *op, Operands operands);
std::optional<Result<Tensor>> evaluateMathOp(mlir::Operation *op, Operands operands);
std::optional<Result<Tensor>> evaluateAttentionOp(mlir::Operation *op, Operands operands, const SymbolValues &symbols);
std::optional<Result<Tensor>> evaluateCacheOp(mlir::Operation *op, Operands operands);
/// Families whose ops may have several results.
std::optional<Result<std::vector<Tensor>>> evaluateIndexOp(mlir::Operation *op, Operands operands,
                                                              const SymbolValues &symbols);
std::optional<Result<std::vector<Tensor>>> evaluateConvolutionOp(mlir::Operation *op, Operands operands,
                                                              const SymbolValues &symbols);
std::optional<Result<std::vector<Tensor>>> evaluateQuantOp(mlir::Operation *op, Operands operands,
                                                              const SymbolValues &symbols);
std::optional<Result<std::vector<Tensor>>> evaluateMoeOp(mlir::Operation *op, Operands operands,
                                                              const SymbolValues &symbols);
std::optional<Result<std::vector<Tensor>>> evaluateControlOp(mlir::Operation *op, Operands operands,
                                                              const SymbolValues &symbols);

/// Gives a symbol the value of llm.size. Fails below 0 and beyond what a tensor may have.
Status defineSize(llvm::StringRef symbol, const Tensor &value, SymbolValues &symbols);
/// llm.if and llm.loop, which call functions of their module; symbols that they define get their values.
using CallFunction =
    llvm::function_ref<Result<std::vector<Tensor>>(mlir::func::FuncOp function, std::span<const Tensor> inputs)>;
Result<std::vector<Tensor>> evaluateCall(mlir::Operation *op, Operands operands, SymbolValues &symbols,
                                         CallFunction call);

using Shape = std::vector<int64_t>;

/// The numpy broadcast of shapes, or a failure that names both sizes.
Result<Shape> broadcastShapes(std::span<const Shape> shapes);
/// Strides, in elements, of a row-major tensor.
Shape stridesOf(const Shape &shape);
/// Strides with which `shape` is walked as if it were `to`: 0 on the axes it is broadcast along.
Shape broadcastStrides(const Shape &shape, const Shape &to);

/// Calls visit(index, offsets) for each element of `shape` in row-major order; offsets[i] is the dot product of the
/// coordinates with strides[i], plus starts[i].
template <size_t N, class F>
void forEachElement(const Shape &shape, const std::array<Shape, N> &strides, std::array<int64_t, N> offsets, F visit) {
  int64_t total = 1, rank = static_cast<int64_t>(shape.size());
  for (int64_t size : shape)
    total *= size;
  Shape coordinates(rank, 0);
  for (int64_t index = 0; index < total; ++index) {
    visit(index, offsets);
    for (int64_t axis = rank - 1; axis >= 0; --axis) {
      bool wraps = ++coordinates[axis] == shape[axis];
      for (size_t i = 0; i < N; ++i)
        offsets[i] += wraps ? -strides[i][axis] * (shape[axis] - 1) : strides[i][axis];
      if (!wraps)
        break;
      coordinates[axis] = 0;
    }
  }
}

/// A row of attention: softmax(score) over the visible keys [begin, end) times the values. `score(s)` is the score of
/// key s, minus infinity when it is hidden; `value(s)` its `size` elements. Zeros when nothing is seen. `sink` joins
/// the denominator.
void attendRow(int64_t begin, int64_t end, std::optional<double> sink, llvm::function_ref<double(int64_t)> score,
               llvm::function_ref<const double *(int64_t)> value, int64_t size, double *out);
/// `scale * q.k`, soft capped.
double scoreOf(const double *query, const double *key, int64_t size, double scale, double softcap);

/// x as int8 activations hold it: blocks of 32 are rounded to multiples of max |x| / 127.
void roundActivations(std::vector<double> &x);
double activate(llm::Activation activation, double x);

} // namespace lathe::reference
