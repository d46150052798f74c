// lathe explain: what was fused and where, what nearly was and why not (passes/explain/Explanation.h).
#include "tools/lathe/Commands.h"

namespace lathe {
namespace {

struct Options : ModelOptions {
  bool json = false, all = false, quiet = false;
};

int explain(const Options &options) {
  if (Artifact::isArtifact(options.model))
    return usageError(options.model + ": is compiled, and holds no graph; give the model it was compiled from");
  CompileOptions compilation = compileOptions(options);
  compilation.explain = true;
  Progress progress(options.quiet);
  compilation.progress = std::ref(progress);
  Compiler compiler(compilation);
  if (Status status = compiler.import(); !status)
    return fail(status);
  if (Status status = compiler.lower(Phase::Stateful); !status)
    return fail(status);
  Explanation explanation = compiler.explanation();
  if (options.json) {
    nlohmann::json out = jsonOf(explanation);
    out["model"] = options.model;
    std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::string text = textOf(explanation, options.all);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  return 0;
}

} // namespace

void addExplainCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command =
      program.add_subcommand("explain", "show what was fused and where, and what nearly was and why it was not");
  addModelOptions(*command, *options);
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("--all", options->all, "the nodes of every op, not of one in each group");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Examples:\n  lathe explain model.onnx\n  lathe explain model.onnx --json\n"
                  "  lathe compile model.onnx --expect attention=30,rope=60");
  command->final_callback([options, &result] { result = explain(*options); });
}

} // namespace lathe
