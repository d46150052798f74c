// fuse-math: norms and activations that exporters spell out become rms_norm, layer_norm, silu, gelu and glu. The rules
// are in MathPatterns.td, Norms.cpp and Activations.cpp.
#include "passes/Passes.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/FusionLog.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FUSEMATH
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isFloat32(Value value) { return tensorOf(value).getElementType().isF32(); }

#include "passes/MathPatterns.inc"

struct FuseMath : impl::FuseMathBase<FuseMath> {
  explicit FuseMath(FusionLog *log) : log(log) {}
  FusionLog *log;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateWithGenerated(patterns);
    addNormPatterns(patterns);
    addActivationPatterns(patterns);
    auto count = [&](auto kind) {
      int64_t found = 0;
      getOperation().walk([&](decltype(kind)) { ++found; });
      return found;
    };
    int64_t norms = count(llm::RmsNormOp()) + count(llm::LayerNormOp()), glus = count(llm::GluOp());
    FusionListener listener(getArgument(), log);
    GreedyRewriteConfig config;
    config.listener = &listener;
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns), config)))
      getOperation().emitWarning("fuse-math did not come to an end");
    normCount += count(llm::RmsNormOp()) + count(llm::LayerNormOp()) - norms;
    gluCount += count(llm::GluOp()) - glus;
  }
};

} // namespace

std::unique_ptr<Pass> createFuseMath(FusionLog *log) { return std::make_unique<FuseMath>(log); }

} // namespace lathe
