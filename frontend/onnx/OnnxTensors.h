// Tensors of an ONNX file as weights: element types, inline and external data, checked. Relies on the schema's
// TensorProto.
#pragma once

#include "frontend/files/WeightTable.h"
#include "frontend/onnx/WireFormat.h"

#include <map>
#include <memory>
#include <string>

namespace onnx {
class TensorProto;
}

namespace lathe {

/// The element type of artifact.h for TensorProto.DataType, or nothing. Elements of less than 8 bits become bytes.
std::optional<LatheType> typeOfOnnx(int32_t dataType);
/// "FLOAT8E4M3FN", or the number for one the schema does not know.
std::string onnxTypeName(int32_t dataType);

/// Finds the bytes of tensors. External files are opened once and must lie inside `folder`.
class OnnxTensors {
public:
  /// `files` are the model's, at least one, which raw data ranges refer to.
  OnnxTensors(std::vector<std::shared_ptr<const MappedFile>> files, std::string folder)
      : files(std::move(files)), folder(std::move(folder)) {}
  OnnxTensors(std::shared_ptr<const MappedFile> file, std::string folder)
      : OnnxTensors(std::vector{std::move(file)}, std::move(folder)) {}

  /// The tensor as a weight of that name, its bytes in a file, or in memory where they must be converted. `raw` is
  /// where raw_data lies in the model file when it was split off (WireFormat.h). Messages begin with "tensor 'name'".
  Result<Weight> read(const onnx::TensorProto &tensor, ByteRange raw = {});

private:
  std::vector<std::shared_ptr<const MappedFile>> files;
  std::string folder;
  std::map<std::string, std::shared_ptr<const MappedFile>> external;

  Status readExternal(const onnx::TensorProto &tensor, uint64_t bytes, Weight &weight);
};

} // namespace lathe
