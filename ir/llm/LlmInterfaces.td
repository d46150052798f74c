// What passes and code generation ask of ops of the llm dialect without knowing which op it is.
#ifndef LATHE_IR_LLM_INTERFACES
#define LATHE_IR_LLM_INTERFACES

include "mlir/IR/OpBase.td"

def Pointwise : OpInterface<"Pointwise"> {
  let description = [{
    One result whose element depends on one element of each operand, with numpy broadcasting. Chains of these become
    functors (kernels-templates/Functors.h).
  }];
  let cppNamespace = "::lathe::llm";
  let methods = [
    InterfaceMethod<"C++ text of one element, given the text of the operands' elements; for vectors and scalars alike",
      "std::string", "emitElement", (ins "::llvm::ArrayRef<std::string>":$operands)>];
}

def SymbolicSizes : OpInterface<"SymbolicSizes"> {
  let description = [{
    Ops that say the sizes of their results themselves: how an op outside of SymbolicShapes.cpp takes part in symbolic shapes.
  }];
  let cppNamespace = "::lathe::llm";
  let methods = [
    InterfaceMethod<"the sizes of a result as expressions of the function's symbols; null for one that is not known",
      "::llvm::SmallVector<::mlir::AffineExpr>", "symbolicSizes",
      (ins "unsigned":$result, "const ::lathe::llm::SymbolicShapes &":$shapes)>,
    InterfaceMethod<"the elements of a small integer result, row major, with null for one that is not known; nothing when none is",
      "std::optional<::llvm::SmallVector<::mlir::AffineExpr>>", "symbolicContent",
      (ins "unsigned":$result, "const ::lathe::llm::SymbolicShapes &":$shapes), "", "return std::nullopt;">];
}

#endif
