// libFuzzer: any text as a model file. Parses and checks it, and builds the graph with a source that has every
// parameter's key and one small matrix.
#include "frontend/dsl/Dsl.h"
#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A context keeps what is made in it: a new one now and then bounds the memory.
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % 4096 == 0) {
    context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
    context->loadDialect<llm::LlmDialect, mlir::func::FuncDialect>();
  }
  Result<dsl::ModelText> model = dsl::parse({"fuzz.lm", std::string(data, data + size)});
  if (!model || !dsl::check(*model, *context))
    return 0;
  WeightTable weights;
  (void)weights.addOwned("w", LATHE_F32, {4, 2}, std::vector<uint8_t>(32)).ok();
  ModelSource source;
  source.kind = ModelSource::Kind::Gguf;
  source.path = "fuzz.gguf";
  source.parameter = [](const std::string &key) -> Result<std::optional<ParameterValue>> {
    return std::optional<ParameterValue>(ParameterValue(static_cast<int64_t>(key.size())));
  };
  source.weights = &weights;
  (void)dsl::build(*model, source, *context).ok();
  return 0;
}
