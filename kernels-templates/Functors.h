// Chains of pointwise llm ops as C++ text, for the templates of every target (namespace lathe::functors). Relies on
// Pointwise::emitElement; the text relies on common/cpu/pointwise.h.
#pragma once

#include "ir/llm/Llm.h"

#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <string>

namespace lathe {

/// How a functor takes its arguments.
enum class FunctorForm {
  /// `template <class V> V name(V a0, V a1, ...)`: all arguments and the result are floats in registers (f32, f16,
  /// bf16).
  FloatVectors,
  /// `template <int N> Lanes<R, N> name(Lanes<T0, N> a0, ...)`: element types as in the graph.
  Typed
};

/// Whether a functor can hold this op: one that is pointwise, over plain element types.
bool isFunctorOp(mlir::Operation *op);

/// Whether `value` is a constant of equal elements, which a functor writes as a literal instead of taking an argument.
bool isFunctorLiteral(mlir::Value value);

/// The text of the functor that computes `result` from `inputs` (a0, a1, ... in this order) by `ops`, in order; each
/// operand of an op is an input, the result of an op before it, or a literal. Values of f16 and bf16 are rounded after
/// each op. Nothing when an op is no functor op, an operand is none of these, or a type does not fit the form.
std::optional<std::string> printFunctor(llvm::StringRef name, llvm::ArrayRef<mlir::Operation *> ops,
                                        llvm::ArrayRef<mlir::Value> inputs, mlir::Value result, FunctorForm form);

} // namespace lathe
