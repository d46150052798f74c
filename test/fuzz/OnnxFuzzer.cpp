// Any bytes as an .onnx file: a message, or a module that verifies and whose weights lie inside the file.
#include "frontend/onnx/Onnx.h"

#include <cstdlib>
#include <mlir/IR/MLIRContext.h>
#include <mlir/IR/Verifier.h>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace lathe;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto file = MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(data, data + size));
  Result<Model> model = importOnnxGraph(context, file, "/nonexistent");
  if (!model)
    return 0;
  if (mlir::failed(mlir::verify(*model->module)))
    std::abort();
  for (const Weight &weight : model->weights)
    if (weight.offset > weight.file->size() || weight.bytes > weight.file->size() - weight.offset)
      std::abort();
  return 0;
}
