// Builds the module of an ONNX graph: inputs, live nodes in order, outputs. Relies on the operator table.
#pragma once

#include "frontend/onnx/OnnxFolder.h"
#include "frontend/onnx/OnnxTensors.h"

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/OwningOpRef.h>

namespace onnx {
class ModelProto;
}

namespace lathe {

struct ModelFacts;

/// `files` say what inputs and outputs are for whose names do not. `facts`, where given, are filled as far as it comes.
/// The verified module; its weights are added to `weights`. `rawData` has an entry for each initializer (WireFormat.h).
Result<mlir::OwningOpRef<mlir::ModuleOp>> buildModule(mlir::MLIRContext &context, const onnx::ModelProto &model,
                                                      const std::vector<ByteRange> &rawData, OnnxTensors &tensors,
                                                      WeightTable &weights, const OnnxFiles &files = {},
                                                      ModelFacts *facts = nullptr);

} // namespace lathe
