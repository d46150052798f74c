// lathe inspect: the plan of an artifact or model: launches, kernels, bytes read per token, arenas; or the IR after a
// phase.
#include "tools/lathe/Commands.h"

#include "runtime/ElementType.h"
#include "runtime/Expression.h"

#include <map>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::string phase;
  uint32_t tokens = 1, context = 512;
  bool json = false, quiet = false;
};

struct Row {
  std::string name, kernel, description;
  int64_t grid = 0, bytes = 0;
};

class Report {
public:
  Report(const Artifact &artifact, const Options &options) : plan(artifact.plan()), artifact(artifact) {
    symbols.assign(plan.symbols.size(), 1);
    for (auto [name, value] : {std::pair<const char *, int64_t>{"tokens", options.tokens},
                               {"blocks", (options.context + 63) / 64},
                               {"pages", (options.context + 63) / 64},
                               {"past", options.context}})
      if (uint32_t number = plan.symbol(name); number != LATHE_NONE)
        symbols[number] = value;
  }

  void print(bool json) {
    nlohmann::json out = nlohmann::json::object();
    for (const ArtifactSection &section : artifact.sections())
      if (section.kind == LATHE_SECTION_CODE) {
        out["targets"].push_back({{"target", section.name}, {"bytes", section.bytes.size()}});
        if (!json)
          std::printf("code for %s: %zu bytes\n", std::string(section.name).c_str(), section.bytes.size());
      }
    uint64_t embedded = 0, referred = 0;
    for (const LatheWeight &weight : plan.weights)
      (Plan::isEmbedded(weight) ? embedded : referred) += weight.bytes;
    out["weights"] = {{"count", plan.weights.size()}, {"embedded_bytes", embedded}, {"referred_bytes", referred}};
    if (!json)
      std::printf("weights: %zu, %llu bytes embedded, %llu bytes packed at load\n", plan.weights.size(),
                  (unsigned long long)embedded, (unsigned long long)referred);
    for (const LatheFunction &function : plan.functions)
      out["functions"].push_back(printFunction(function, json));
    if (json)
      std::printf("%s\n", out.dump(2).c_str());
  }

private:
  const Plan &plan;
  const Artifact &artifact;
  std::vector<int64_t> symbols;

  int64_t value(uint32_t expression) const {
    int64_t result = 0;
    return expression != LATHE_NONE && evaluateExpression(plan, expression, symbols, result) ? result : 0;
  }

  /// "size nonzeros", "if then_0 or else_1", "loop body_2".
  std::string stepText(const LatheStep &step) const {
    auto name = [&](uint32_t function) { return std::string(plan.string(plan.functions[function].name)); };
    if (step.kind == LATHE_STEP_SIZE)
      return "size " + std::string(plan.string(plan.symbols[step.symbol]));
    if (step.kind == LATHE_STEP_IF)
      return "if " + name(step.functions[0]) + " or " + name(step.functions[1]);
    return "loop " + name(step.functions[0]);
  }

  nlohmann::json printFunction(const LatheFunction &function, bool json) {
    nlohmann::json out = {{"name", plan.string(function.name)},
                          {"scratch_bytes", value(function.scratchBytes)},
                          {"state_bytes", value(function.stateBytes)},
                          {"launches", nlohmann::json::array()}};
    std::map<std::string, std::pair<int64_t, int64_t>> byKernel; // launches, bytes
    int64_t bytes = 0;
    if (!json)
      std::printf("\nfunction %s: %u launches, scratch %s = %lld bytes, state %lld bytes\n",
                  std::string(plan.string(function.name)).c_str(), function.launches.count,
                  printExpression(plan, function.scratchBytes).substr(0, 120).c_str(),
                  (long long)value(function.scratchBytes), (long long)value(function.stateBytes));
    for (const LatheStage &stage : plan.stagesOf(function)) {
      nlohmann::json steps = nlohmann::json::array();
      for (const LatheStep &step : plan.stepsOf(stage))
        steps.push_back(stepText(step));
      out["stages"].push_back({{"launches", stage.launches.count}, {"scratch_bytes", value(stage.scratchBytes)}, {"steps", steps}});
      if (!json) {
        std::printf("  stage of %u launches, then", stage.launches.count);
        for (const LatheStep &step : plan.stepsOf(stage))
          std::printf(" %s;", stepText(step).c_str());
        std::printf("%s\n", stage.steps.count ? "" : " the end");
      }
    }
    for (const LatheLaunch &launch : plan.launchesOf(function)) {
      std::string description(plan.string(plan.kernels[launch.kernel].description));
      Row row{std::string(plan.string(launch.name)), description.substr(0, description.find(':')), description,
              value(launch.grid), value(launch.bytesRead)};
      bytes += row.bytes;
      byKernel[row.kernel].first += 1;
      byKernel[row.kernel].second += row.bytes;
      out["launches"].push_back(
          {{"name", row.name}, {"kernel", row.description}, {"grid", row.grid}, {"bytes_read", row.bytes}});
      if (!json)
        std::printf("  %-40s %6lld tiles %10lld bytes  %s\n", row.name.substr(0, 40).c_str(), (long long)row.grid,
                    (long long)row.bytes, row.description.c_str());
    }
    out["bytes_read"] = bytes;
    if (!json) {
      std::printf("  in all: %lld bytes of weights and cache read\n", (long long)bytes);
      for (const auto &[kernel, sums] : byKernel)
        std::printf("    %-20s %4lld launches %12lld bytes\n", kernel.c_str(), (long long)sums.first,
                    (long long)sums.second);
    }
    return out;
  }
};

int inspect(const Options &options) {
  if (!options.phase.empty()) {
    std::optional<Phase> phase = parsePhase(options.phase);
    if (!phase)
      return usageError("unknown phase '" + options.phase +
                        "'; known: import, canonicalize, fuse, quantize, stateful, select, schedule, place");
    if (Artifact::isArtifact(options.model))
      return usageError("an artifact holds no IR; give the model it was compiled from");
    Compiler compiler(compileOptions(options));
    if (Status status = compiler.import(); !status)
      return fail(status);
    if (*phase != Phase::Import)
      if (Status status = compiler.lower(*phase); !status)
        return fail(status);
    std::string text = compiler.print();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  auto artifact = openModel(options, options.quiet);
  if (!artifact)
    return fail(artifact.status());
  Report(**artifact, options).print(options.json);
  return 0;
}

} // namespace

void addInspectCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command =
      program.add_subcommand("inspect", "show the plan of a model or artifact, or its IR after a phase");
  addModelOptions(*command, *options);
  command->add_option("--ir", options->phase, "print the IR after this phase instead");
  command->add_option("--tokens", options->tokens, "tokens of the step the figures are for")
      ->check(CLI::Range(1u, 1u << 20))
      ->capture_default_str();
  command->add_option("--context", options->context, "positions in the cache the figures are for")
      ->check(CLI::Range(1u, 1u << 24))
      ->capture_default_str();
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Examples:\n  lathe inspect model.lathe\n  lathe inspect model.onnx --ir fuse");
  command->final_callback([options, &result] { result = inspect(*options); });
}

} // namespace lathe
