// The model language as a frontend: text and a source of parameters and weights in, module out. Relies on the llm
// dialect.
#pragma once

#include "frontend/dsl/Language.h"
#include "frontend/dsl/ModelSource.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>

namespace lathe::dsl {

/// Checks everything that does not depend on a source: names, operations, functions. `context` has the llm dialect
/// loaded.
Status check(const ModelText &model, mlir::MLIRContext &context);

struct Built {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::map<std::string, ParameterValue> parameters;
};

/// Builds the verified module with @forward. `model` passed check(); `source` must outlive the call.
Result<Built> build(const ModelText &model, const ModelSource &source, mlir::MLIRContext &context);

/// Reads and checks the architectures that lie in the program (frontend/models). The message names the file at fault.
Result<std::vector<ModelText>> builtInModels(mlir::MLIRContext &context);

} // namespace lathe::dsl
