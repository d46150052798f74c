// libFuzzer: any bytes as the plan section of an artifact. Follows every index that a checked plan has, and evaluates
// its expressions.
#include "runtime/AlignedVector.h"
#include "runtime/Expression.h"

#include <cstring>

using namespace lathe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  AlignedVector<std::byte> section(size);
  if (size)
    std::memcpy(section.data(), data, size);
  Result<Plan> plan = Plan::read(section, 4096);
  if (!plan)
    return 0;
  uint64_t sum = 0;
  for (uint32_t file : plan->files)
    sum += plan->string(file).size();
  for (const LatheWeight &weight : plan->weights) {
    sum += plan->string(weight.name).size();
    for (const LatheWeightPiece &piece : plan->piecesOf(weight))
      sum += plan->string(plan->files[piece.file]).size();
  }
  for (const LatheFunction &function : plan->functions) {
    sum += plan->string(function.name).size();
    for (LatheSpan span : {function.inputs, function.outputs})
      for (uint32_t buffer : plan->list(span))
        for (uint32_t dim : plan->list(plan->buffers[buffer].dims))
          sum += printExpression(*plan, dim).size() + plainSymbol(*plan, dim);
    for (const LatheLaunch &launch : plan->launchesOf(function)) {
      sum += plan->string(plan->kernels[launch.kernel].entry).size() + plan->string(launch.name).size();
      for (uint32_t operand : plan->list(launch.operands))
        sum += plan->buffers[operand].bytes;
      for (uint32_t side : plan->list(launch.checks))
        sum += printExpression(*plan, side).size();
    }
    for (const LatheStage &stage : plan->stagesOf(function)) {
      sum += plan->launches.subspan(stage.launches.first, stage.launches.count).size();
      for (const LatheStep &step : plan->stepsOf(stage)) {
        sum += plan->string(step.name).size();
        for (LatheSpan span : {step.operands, step.results})
          for (uint32_t buffer : plan->list(span))
            sum += plan->buffers[buffer].bytes;
        for (uint32_t called : step.functions)
          if (step.kind != LATHE_STEP_SIZE && called != LATHE_NONE)
            sum += plan->functions[called].name;
      }
    }
  }
  for (int64_t value : {int64_t(0), int64_t(1), int64_t(513), INT64_MAX, INT64_MIN}) {
    std::vector<int64_t> symbols(plan->symbols.size(), value);
    for (uint32_t i = 0; i < plan->expressions.size(); ++i)
      if (int64_t result = 0; evaluateExpression(*plan, i, symbols, result))
        sum += uint64_t(result);
  }
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
