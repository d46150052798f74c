// Evaluates functions of the llm dialect plainly and slowly: the meaning everything else is compared to. Relies on the
// op descriptions in ir/llm/*.td, whose order of families it follows.
//
// Arithmetic: every op is computed in double (sums too) from the exact values of its operands and rounded once to the
// element type of its result; f16 and bf16 tensors are therefore rounded after each op. What an op's description says
// is done in f32 or int8 (int8_activations) is done so. Integers wrap; an integer division by 0 is an error.
#pragma once

#include "ir/reference/Tensor.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/BuiltinAttributes.h>
#include <mlir/IR/BuiltinTypes.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lathe::reference {

/// Gives the weight of that name. `type` is the type of the llm.weight op; the tensor must have its element type and
/// sizes.
using WeightSource = std::function<Result<Tensor>(llvm::StringRef name, mlir::RankedTensorType type)>;

struct EvaluateOptions {
  WeightSource weights; ///< without it llm.weight fails
  /// Values of symbols of llm.symbols that the inputs' shapes do not tell.
  std::map<std::string, int64_t> symbols;
  /// Called after each op; a failure ends the evaluation.
  std::function<Status(mlir::Operation *op, std::span<const Tensor> results)> observer;
};

/// Evaluates a function of one block. `inputs` has a tensor for each argument, in order. A value of type !llm.kv_cache
/// is a tensor (pages, 2, heads, page, headDim) of the cache's element type: [p, 0] keys, [p, 1] values. Symbols follow
/// from the shapes of the inputs and llm.dims (Symbols.h). Values are freed after their last use. A failure names the
/// op and where it comes from.
Result<std::vector<Tensor>> evaluate(mlir::func::FuncOp function, std::span<const Tensor> inputs,
                                     const EvaluateOptions &options = {});

/// Evaluates one op of the llm dialect with a tensor for each of its operands, in order: for folding. llm.weight fails,
/// and so do ops that need the symbols of the function.
Result<Tensor> evaluateOp(mlir::Operation *op, std::span<const Tensor> operands);

/// The elements of a constant, and a constant of the elements (of a plain element type).
Result<Tensor> tensorOf(mlir::ElementsAttr elements);
Result<mlir::DenseElementsAttr> elementsOf(mlir::MLIRContext *context, const Tensor &tensor);

/// A cache of zeros for evaluate().
Result<Tensor> emptyCache(mlir::Type kvCacheType, int64_t pages);

/// "llm.linear at layers.0.q_proj": the op's name and its place in the model.
std::string describeOp(mlir::Operation *op);

} // namespace lathe::reference
