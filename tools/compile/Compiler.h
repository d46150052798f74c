// From a model file to an artifact: import, the pipeline, code, and the artifact's parts. Frontend, passes and codegen
// meet here.
#pragma once

#include "codegen/KernelCache.h"
#include "codegen/KernelSource.h"
#include "codegen/PlanSection.h"
#include "frontend/Frontend.h"
#include "ir/Target.h"
#include "passes/Pipelines.h"
#include "passes/explain/Explanation.h"
#include "runtime/Artifact.h"

#include <mlir/IR/MLIRContext.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lathe {

struct CompileOptions {
  std::string model;
  std::string weightsFile; ///< --weights FILE of a .lm
  std::vector<Weight> constants; ///< of an .onnx: inputs whose values are known (ImportOptions)
  std::vector<std::string> targets = {"cpu"};
  std::string compute = "auto"; ///< auto, f32, int8
  std::string kvType = "auto";  ///< auto, f32, f16, bf16
  bool wantStep = true;         ///< the ragged step function: text generation
  bool requireStep = false;     ///< fail, with the reason, when the graph is no decoder
  bool wantForward = true;      ///< the graph as imported: exec
  WeightStorage storage = WeightStorage::Embed;
  std::vector<std::pair<std::string, int64_t>> expect; ///< ops of @forward after `fuse`, by mnemonic
  bool explain = false;                                ///< keep near misses of fusions
  ModelFacts *facts = nullptr;                         ///< filled by the import, also where it fails; may be null
  unsigned threads = 0;                                ///< for compiling; 0: one a CPU
  /// What is being done ("importing", "compiling kernels"), and how much of it; may be empty.
  std::function<void(const std::string &what, uint64_t done, uint64_t total)> progress;
  /// Looked at between phases, kernels and weights: true ends with the failure "interrupted". May be null.
  const std::atomic<bool> *cancel = nullptr;
};

/// One compilation, in steps; each needs the ones before it.
class Compiler {
public:
  explicit Compiler(CompileOptions options);
  ~Compiler();

  Status import();
  /// Runs the phases up to and including `last` that did not run yet; `--expect` is checked after `fuse`.
  Status lower(Phase last = Phase::Place);
  /// What fusion made of the graph, and what it nearly did: after `fuse`, and while there is @forward. With
  /// CompileOptions::explain or ::expect alone there are near misses.
  Explanation explanation();
  /// The module as it is now, as text.
  std::string print(bool locations = false);
  /// Compiles the kernels and makes the plan section.
  Status generate();

  /// Writes the artifact; whole or not at all.
  Status write(const std::string &path);
  /// The artifact for this process. Weights are taken from the model's files, unless they were made in memory.
  Result<std::shared_ptr<const Artifact>> inProcess();

  const Model &model() const { return *model_; }
  mlir::ModuleOp module() { return *model_->module; }
  const KernelCache &cache() const { return *cache_; }
  const std::vector<KernelSource> &kernels() const { return kernels_; }

private:
  CompileOptions options_;
  std::unique_ptr<mlir::MLIRContext> context_;
  std::unique_ptr<KernelCache> cache_;
  std::optional<Model> model_;
  std::vector<Target> targets_;
  std::vector<KernelSource> kernels_;
  std::vector<std::vector<std::byte>> code_; ///< for each target
  PlanSection plan_;
  Phase done_ = Phase::Import;
  std::string diagnostics_; ///< of the passes, collected
  FusionLog fusionLog_;

  std::string metadata() const;
  void report(const std::string &what, uint64_t done = 0, uint64_t total = 0);
  bool cancelled() const { return options_.cancel && *options_.cancel; }
  Status checkExpected();
};

} // namespace lathe
