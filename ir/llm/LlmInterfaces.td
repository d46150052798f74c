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

#endif
