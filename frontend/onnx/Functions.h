// Functions of a model (ModelProto.functions) put in place of the nodes that call them. Relies on the schema's
// ModelProto.
#pragma once

#include "runtime/Status.h"

namespace onnx {
class ModelProto;
}

namespace lathe {

/// Replaces every call of a function of the model, in subgraphs too, by the function's nodes; calls of what the
/// operator table has stay, since that is what the function spells out. Nodes whose function imports another opset than
/// the model say so (opsetOfPart of OnnxParts.h). The model has no functions afterwards. Fails for functions that call
/// themselves, and when the graph would have more than a million nodes or 256 MiB.
Status inlineFunctions(onnx::ModelProto &model);

} // namespace lathe
