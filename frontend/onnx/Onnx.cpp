// Finds, maps and parses the files of an ONNX model; see Onnx.h. OnnxImport builds the module.
#include "frontend/onnx/Onnx.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/Functions.h"
#include "frontend/onnx/OnnxImport.h"
#include "frontend/onnx/OnnxMetadata.h"
#include "frontend/onnx/OnnxParts.h"
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

namespace {

/// The graph of a file, without the bytes of its weights.
struct Parsed {
  onnx::ModelProto proto;
  std::vector<ByteRange> rawData;
};

/// Messages name the file.
Result<Parsed> parse(const MappedFile &file) {
  auto fail = [&](const std::string &why) -> Result<Parsed> { return Status::failure(file.path() + ": " + why); };
  if (file.size() > largestFile)
    return fail("has " + std::to_string(file.size()) +
                " bytes; an ONNX file has at most 2 GiB, larger models keep their weights in external data");
  Result<SplitModel> split = splitModel(file.bytes(), largestSkeleton);
  if (!split)
    return fail(split.message());
  Parsed parsed;
  google::protobuf::LogSilencer silence;
  if (!parsed.proto.ParseFromArray(split->skeleton.data(), static_cast<int>(split->skeleton.size())))
    return fail("is no ONNX model, or is cut off, damaged or nested too deeply");
  parsed.rawData = std::move(split->rawData);
  if (Status status = inlineFunctions(parsed.proto); !status)
    return fail(status.message());
  return parsed;
}

/// Makes initializers of the inputs whose values are known.
void fixInputs(Parsed &parsed, const std::vector<Weight> &constants) {
  onnx::GraphProto &graph = *parsed.proto.mutable_graph();
  for (const Weight &constant : constants)
    for (const onnx::ValueInfoProto &input : graph.input()) {
      bool isInitializer = false;
      for (const onnx::TensorProto &initializer : graph.initializer())
        isInitializer |= initializer.name() == input.name();
      int32_t type = input.type().tensor_type().elem_type();
      if (isInitializer || input.name() != constant.name || typeOfOnnx(type) != constant.type)
        continue;
      onnx::TensorProto &tensor = *graph.add_initializer();
      tensor.set_name(constant.name);
      tensor.set_data_type(type);
      for (int64_t size : constant.shape)
        tensor.add_dims(size);
      tensor.set_raw_data(constant.data().data(), constant.data().size());
      parsed.rawData.resize(static_cast<size_t>(graph.initializer_size()));
    }
}

/// Messages begin with `place`.
Result<Model> build(mlir::MLIRContext &context, const Parsed &parsed, OnnxTensors tensors, const OnnxFiles &files,
                    const std::string &place, ModelFacts *facts = nullptr) {
  context.loadDialect<llm::LlmDialect, mlir::func::FuncDialect>();
  Model model;
  Result<mlir::OwningOpRef<mlir::ModuleOp>> module =
      buildModule(context, parsed.proto, parsed.rawData, tensors, model.weights, files, facts);
  if (!module)
    return Status::failure(place + ": " + module.message());
  model.module = std::move(*module);
  return model;
}

/// The graph of all parts.
Result<Model> importParts(mlir::MLIRContext &context, const OnnxFiles &files, ModelFacts *facts) {
  Parsed whole;
  std::vector<std::shared_ptr<const MappedFile>> mapped;
  for (size_t i = 0; i < files.parts.size(); ++i) {
    Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(files.parts[i].path);
    if (!file)
      return file.status();
    Result<Parsed> part = parse(**file);
    if (!part)
      return part.status();
    if (Status status = addPart(whole.proto, whole.rawData, std::move(part->proto), std::move(part->rawData), files, i);
        !status)
      return Status::failure(files.parts[i].path + ": " + status.message());
    mapped.push_back(std::move(*file));
  }
  if (Status status = linkParts(whole.proto, files); !status)
    return Status::failure(files.folder + ": " + status.message());
  return build(context, whole, OnnxTensors(std::move(mapped), files.folder), files, files.folder, facts);
}

} // namespace

Result<Model> importOnnxGraph(mlir::MLIRContext &context, std::shared_ptr<const MappedFile> file,
                              const std::string &folder) {
  Result<Parsed> parsed = parse(*file);
  return parsed ? build(context, *parsed, OnnxTensors(file, folder), {}, file->path()) : Result<Model>(parsed.status());
}

Result<Weight> readTensorFile(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (!file)
    return file.status();
  onnx::TensorProto proto;
  google::protobuf::LogSilencer silence;
  if ((*file)->size() > largestFile ||
      !proto.ParseFromArray((*file)->bytes().data(), static_cast<int>((*file)->size())) || !proto.data_type())
    return Status::failure(path + ": is no tensor of ONNX");
  if (proto.data_location() == onnx::TensorProto::EXTERNAL)
    return Status::failure(path + ": has external data, which is not supported here");
  Result<Weight> tensor = OnnxTensors(*file, ".").read(proto);
  return tensor ? std::move(tensor) : Result<Weight>(Status::failure(path + ": " + tensor.message()));
}

Result<Model> importOnnx(mlir::MLIRContext &context, const std::string &path, ModelFacts *facts,
                         const std::vector<Weight> &constants) {
  Result<OnnxFiles> files = findOnnxFiles(path);
  if (!files)
    return files.status();
  Result<Model> model = Status::failure("");
  if (files->parts.size() > 1) {
    model = importParts(context, *files, facts);
  } else {
    const std::string &name = files->parts.front().path;
    Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(name);
    if (!file)
      return file.status();
    Result<Parsed> parsed = parse(**file);
    if (!parsed)
      return parsed.status();
    fixInputs(*parsed, constants);
    std::string folder = std::filesystem::path(name).parent_path().string();
    model = build(context, *parsed, OnnxTensors(*file, folder.empty() ? "." : folder), *files, name, facts);
  }
  if (!model)
    return model;
  if (Status status = readOnnxMetadata(files->folder, *model); !status)
    return status;
  return model;
}

} // namespace lathe
