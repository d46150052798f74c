// One graph of several ONNX files: the parts of a model that genai_config.json ties together. Relies on the schema's
// ModelProto.
#pragma once

#include "frontend/onnx/OnnxFolder.h"
#include "frontend/onnx/WireFormat.h"

namespace onnx {
class ModelProto;
}

namespace lathe {

/// Puts the graph of part `number` into `whole`: names that are neither inputs nor outputs of it get the part's name in
/// front; inputs that several parts take become one; ranges say which file they are of. Messages do not name the file.
Status addPart(onnx::ModelProto &whole, std::vector<ByteRange> &wholeData, onnx::ModelProto part,
               std::vector<ByteRange> data, const OnnxFiles &files, size_t number);

/// When all parts are there: what one gives and another takes is no input, and an output only when it is wanted. Fails
/// for a name that two parts give.
Status linkParts(onnx::ModelProto &whole, const OnnxFiles &files);

/// The key of NodeProto.metadata_props under which a node of a part keeps its opset where it is not that of the whole.
constexpr const char *opsetOfPart = "lathe.opset";

} // namespace lathe
