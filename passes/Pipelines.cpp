// THE order of the compiler.
#include "passes/Pipelines.h"
#include "passes/Passes.h"

#include <mlir/Pass/PassRegistry.h>
#include <mlir/Transforms/Passes.h>

#include <iterator>

using namespace mlir;

namespace lathe {

static constexpr llvm::StringLiteral phaseNames[] = {"import",   "canonicalize", "fuse",     "quantize",
                                                     "stateful", "select",       "schedule", "place"};

std::optional<Phase> parsePhase(StringRef name) {
  for (size_t i = 0; i < std::size(phaseNames); ++i)
    if (name == phaseNames[i])
      return static_cast<Phase>(i);
  return std::nullopt;
}
StringRef phaseName(Phase phase) { return phaseNames[static_cast<size_t>(phase)]; }

void buildCanonicalize(OpPassManager &manager) {
  auto &function = manager.nest<func::FuncOp>();
  function.addPass(createResolveSizes());
  function.addPass(createFoldShapes());
  function.addPass(createCSEPass());
  function.addPass(createFoldConstants());
  function.addPass(createSimplifyGraph());
  function.addPass(createNormalizePositions());
  // What simplification uncovered.
  function.addPass(createFoldConstants());
  function.addPass(createResolveSizes());
  function.addPass(createFoldShapes());
  function.addPass(createCSEPass());
  function.addPass(createSimplifyGraph());
  function.addPass(createVerifyCanonical());
}

/// Sizes that no fusion made known.
static void addMeasuring(OpPassManager &function) {
  function.addPass(createMeasureSizes());
  function.addPass(createResolveSizes());
  function.addPass(createFoldShapes());
  function.addPass(createCSEPass());
}

void buildFuse(OpPassManager &manager, const PipelineOptions &options) {
  auto &function = manager.nest<func::FuncOp>();
  function.addPass(createFuseMath(options.log));
  function.addPass(createFuseRope(options.log));
  function.addPass(createFuseAttention(options.log));
  // Sizes that fusion made known, and what they let fuse.
  function.addPass(createFoldShapes());
  function.addPass(createSimplifyGraph());
  function.addPass(createFuseAttention(options.log));
  function.addPass(createSimplifyGraph());
  function.addPass(createNormalizePositions());
  function.addPass(createCSEPass());
  function.addPass(createFuseMoe(options.log));
  function.addPass(createMergeLinears(options.log));
  function.addPass(createCSEPass());
  addMeasuring(function);
  function.addPass(createVerifyFused());
}

void buildQuantize(OpPassManager &manager, const PipelineOptions &options) {
  manager.addNestedPass<func::FuncOp>(createQuantizeActivations({options.compute}));
  manager.addNestedPass<func::FuncOp>(createVerifyQuantized());
}

void buildStateful(OpPassManager &manager, const PipelineOptions &options) {
  if (options.wantStep || options.requireStep)
    manager.addPass(createFormStep({options.kvType, options.requireStep}));
  if (!options.wantForward)
    manager.addPass(createDropForward());
  manager.addPass(createSymbolDCEPass()); // branches and bodies that nothing calls
  auto &function = manager.nest<func::FuncOp>();
  function.addPass(createFoldShapes());
  function.addPass(createSimplifyGraph());
  function.addPass(createCSEPass());
  manager.addPass(createVerifyStep());
}

void buildSelect(OpPassManager &manager, const PipelineOptions &options) {
  auto &function = manager.nest<func::FuncOp>();
  addMeasuring(function);
  function.addPass(createDecomposeComposites());
  function.addPass(createSelectKernels({options.target}));
  function.addPass(createVerifySelected());
}

void buildSchedule(OpPassManager &manager) {
  manager.addPass(createScheduleLaunches());
  manager.addPass(createVerifyScheduled());
}

void buildPlace(OpPassManager &manager) {
  manager.addPass(createPlaceBuffers());
  manager.addPass(createVerifyPlaced());
}

void buildPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
    return;
  case Phase::Canonicalize:
    return buildCanonicalize(manager);
  case Phase::Fuse:
    return buildFuse(manager, options);
  case Phase::Quantize:
    return buildQuantize(manager, options);
  case Phase::Stateful:
    return buildStateful(manager, options);
  case Phase::Select:
    return buildSelect(manager, options);
  case Phase::Schedule:
    return buildSchedule(manager);
  case Phase::Place:
    return buildPlace(manager);
  }
}

void buildPipeline(OpPassManager &manager, const PipelineOptions &options, Phase last) {
  for (int phase = static_cast<int>(Phase::Canonicalize); phase <= static_cast<int>(last); ++phase)
    buildPhase(manager, static_cast<Phase>(phase), options);
}

namespace registration {
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"
} // namespace registration

namespace {

/// The options of the pipelines, as lathe-opt reads them: --compile-graph="target=cpu:znver4 compute=f32".
struct TextOptions : PassPipelineOptions<TextOptions> {
  Option<std::string> target{*this, "target", llvm::cl::desc("what code is generated for"), llvm::cl::init("cpu")};
  Option<std::string> compute{*this, "compute", llvm::cl::desc("f32, int8 or auto"), llvm::cl::init("auto")};
  Option<std::string> kvType{*this, "kv-type", llvm::cl::desc("f32, f16 or bf16"), llvm::cl::init("f16")};
  Option<bool> requireStep{*this, "require-step", llvm::cl::desc("fail when the graph is no decoder"),
                           llvm::cl::init(false)};
  Option<std::string> last{*this, "stop-after", llvm::cl::desc("the last phase to run"), llvm::cl::init("place")};

  PipelineOptions read() const {
    PipelineOptions options;
    options.target = target, options.compute = compute, options.kvType = kvType, options.requireStep = requireStep;
    return options;
  }
};

void registerPhase(StringRef argument, StringRef description, Phase phase) {
  PassPipelineRegistration<TextOptions>(
      argument, description,
      [phase](OpPassManager &manager, const TextOptions &options) { buildPhase(manager, phase, options.read()); });
}

} // namespace

void registerLathePasses() {
  registration::registerLathePasses();
  registerPhase("canonicalize-graph", "the phase canonicalize", Phase::Canonicalize);
  registerPhase("fuse-graph", "the phase fuse", Phase::Fuse);
  registerPhase("quantize-graph", "the phase quantize", Phase::Quantize);
  registerPhase("add-step", "the phase stateful", Phase::Stateful);
  registerPhase("select-graph", "the phase select", Phase::Select);
  registerPhase("schedule-graph", "the phase schedule", Phase::Schedule);
  registerPhase("place-graph", "the phase place", Phase::Place);
  PassPipelineRegistration<TextOptions>(
      "compile-graph", "all phases up to stop-after", [](OpPassManager &manager, const TextOptions &options) {
        buildPipeline(manager, options.read(), parsePhase(options.last).value_or(Phase::Place));
      });
}

} // namespace lathe
