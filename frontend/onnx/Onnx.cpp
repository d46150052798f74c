// Finds, maps and parses the files of an ONNX model; see Onnx.h. OnnxImport builds the module.
#include "frontend/onnx/Onnx.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/OnnxImport.h"
#include "frontend/onnx/OnnxMetadata.h"
#include "ir/llm/Llm.h"

#include "onnx-ml.pb.h"

#include <google/protobuf/stubs/logging.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <filesystem>

namespace lathe {

namespace {

constexpr uint64_t largestFile = uint64_t(2) << 30; // protobuf's own limit
constexpr uint64_t largestSkeleton = uint64_t(256) << 20;

} // namespace

Result<Model> importOnnxGraph(mlir::MLIRContext &context, std::shared_ptr<const MappedFile> file,
                              const std::string &folder) {
  context.loadDialect<llm::LlmDialect, mlir::func::FuncDialect>();
  auto fail = [&](const std::string &why) -> Result<Model> { return Status::failure(file->path() + ": " + why); };
  if (file->size() > largestFile)
    return fail("has " + std::to_string(file->size()) +
                " bytes; an ONNX file has at most 2 GiB, larger models keep their weights in external data");
  Result<SplitModel> split = splitModel(file->bytes(), largestSkeleton);
  if (!split)
    return fail(split.message());
  onnx::ModelProto proto;
  {
    google::protobuf::LogSilencer silence;
    if (!proto.ParseFromArray(split->skeleton.data(), static_cast<int>(split->skeleton.size())))
      return fail("is no ONNX model, or is cut off, damaged or nested too deeply");
  }
  split->skeleton = std::string();
  Model model;
  OnnxTensors tensors(file, folder);
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      buildModule(context, proto, split->rawData, tensors, model.weights);
  if (!module)
    return fail(module.message());
  model.module = std::move(*module);
  return model;
}

Result<Model> importOnnx(mlir::MLIRContext &context, const std::string &path) {
  Result<std::string> modelPath = findOnnxFile(path);
  if (!modelPath)
    return modelPath.status();
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(*modelPath);
  if (!file)
    return file.status();
  std::string folder = std::filesystem::path(*modelPath).parent_path().string();
  if (folder.empty())
    folder = ".";
  Result<Model> model = importOnnxGraph(context, *file, folder);
  if (!model)
    return model;
  if (Status status = readOnnxMetadata(folder, *model); !status)
    return status;
  return model;
}

} // namespace lathe
