// See CpuBackend.h.
#include "tools/check/CpuBackend.h"

#include "codegen/ArtifactWriter.h"
#include "codegen/Instantiate.h"
#include "codegen/cpu/CompileCpu.h"
#include "passes/Pipelines.h"
#include "runtime/AlignedVector.h"
#include "runtime/Session.h"

#include <mlir/IR/Diagnostics.h>
#include <mlir/Pass/PassManager.h>

#include <cstring>

using namespace mlir;

namespace lathe {
namespace {

Status lower(ModuleOp module) {
  std::string problem;
  ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      problem += (problem.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  PassManager manager(module.getContext());
  PipelineOptions options;
  for (Phase phase : {Phase::Canonicalize, Phase::Select, Phase::Schedule, Phase::Place})
    buildPhase(manager, phase, options);
  return succeeded(manager.run(module)) ? Status::success() : Status::failure(problem);
}

Result<std::shared_ptr<const Artifact>> compile(const check::CheckCase &test) {
  OwningOpRef<ModuleOp> module(test.function->getParentOfType<ModuleOp>().clone());
  WeightTable weights;
  for (const auto &[name, tensor] : test.weights) {
    std::vector<uint8_t> bytes(tensor.bytes().begin(), tensor.bytes().end());
    if (Status status = weights.addOwned(name, tensor.type(), tensor.shape(), std::move(bytes)); !status)
      return status;
  }
  if (Status status = lower(*module); !status)
    return status;
  static KernelCache cache(KernelCache::defaultFolders());
  std::vector<KernelSource> kernels = kernelSources(*module);
  Result<std::vector<std::byte>> code = compileCpu(kernels, Target::native(), cache, 1);
  if (!code)
    return code.status();
  Result<PlanSection> plan = makePlanSection(*module, weights, WeightStorage::Embed);
  if (!plan)
    return plan.status();
  ArtifactContent content;
  content.plan = &*plan;
  content.code.push_back({Target::native().print(), std::move(*code)});
  content.metadata = "{}";
  Result<std::vector<std::byte>> bytes = artifactBytes(content);
  if (!bytes)
    return bytes.status();
  return Artifact::fromBytes(*bytes, "test");
}

} // namespace

Result<std::vector<reference::Tensor>> computeOnCpu(const check::CheckCase &test) {
  Result<std::shared_ptr<const Artifact>> artifact = compile(test);
  if (!artifact)
    return artifact.status();
  auto pool = std::make_shared<ThreadPool>(2);
  auto model = LoadedModel::load(*artifact, pool.get());
  if (!model)
    return model.status();
  Session session(*model, pool);
  const Plan &plan = session.model().plan();
  func::FuncOp source = test.function;
  const LatheFunction &function = *plan.function(source.getName().str());

  std::vector<std::vector<int64_t>> shapes;
  std::vector<AlignedVector<std::byte>> copies;
  std::vector<BufferView> inputs;
  for (auto [index, tensor] : ::llvm::enumerate(test.inputs)) {
    if (isa<llm::KvCacheType>(source.getArgument(index).getType()))
      continue; // lies in the state arena, zero as the test's is
    shapes.push_back(tensor.shape());
    AlignedVector<std::byte> copy(tensor.bytes().size());
    std::memcpy(copy.data(), tensor.bytes().data(), copy.size());
    copies.push_back(std::move(copy));
    inputs.push_back({copies.back().data(), copies.back().size()});
  }
  Result<std::vector<OwnedTensor>> outputs = session.evaluate(function, inputs, shapes);
  if (!outputs)
    return outputs.status();

  std::vector<reference::Tensor> results;
  size_t next = 0;
  for (Type type : source.getResultTypes()) {
    if (isa<llm::KvCacheType>(type))
      return Status::failure("a cache is not read back; check what an attention makes of it");
    const OwnedTensor &output = (*outputs)[next];
    Result<reference::Tensor> tensor = reference::Tensor::ofBytes(
        output.type, output.dims, {reinterpret_cast<const uint8_t *>(output.data.get()), output.bytes});
    if (!tensor)
      return tensor.status();
    results.push_back(*tensor);
    ++next;
  }
  return results;
}

} // namespace lathe
