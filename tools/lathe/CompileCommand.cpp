// lathe compile: ahead of time, to a .lathe; or to the IR after a phase.
#include "tools/lathe/Commands.h"
#include "tools/run/Interrupt.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace lathe {
namespace {

struct Options : ModelOptions {
  std::string output, stopAfter;
  std::vector<std::string> expect;
  bool locations = false, quiet = false;
};

/// "attention=30" => ("attention", 30)
Result<std::pair<std::string, int64_t>> parseExpectation(const std::string &text) {
  size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size() || text.size() - equals > 9 ||
      text.find_first_not_of("0123456789", equals + 1) != std::string::npos)
    return Status::failure("--expect takes OP=COUNT, got '" + text + "'");
  return std::pair(text.substr(0, equals), static_cast<int64_t>(std::stoll(text.substr(equals + 1))));
}

int compile(const Options &options) {
  CompileOptions compilation = compileOptions(options);
  for (const std::string &text : options.expect) {
    auto expectation = parseExpectation(text);
    if (!expectation)
      return usageError(expectation.message());
    compilation.expect.push_back(*expectation);
  }
  std::optional<Phase> stop;
  if (!options.stopAfter.empty()) {
    stop = parsePhase(options.stopAfter);
    if (!stop)
      return usageError("unknown phase '" + options.stopAfter +
                        "'; known: import, canonicalize, fuse, quantize, stateful, select, schedule, place");
  }
  if (options.output.empty() && !stop && options.expect.empty())
    return usageError("-o FILE, --stop-after PHASE or --expect is needed");
  if (Artifact::isArtifact(options.model))
    return fail(Status::failure(options.model + ": is compiled already"));
  std::error_code error;
  if (!options.output.empty() && std::filesystem::equivalent(options.output, options.model, error))
    return usageError("the output would replace the model " + options.model);
  Progress progress(options.quiet);
  compilation.progress = std::ref(progress);
  const std::atomic<bool> &interrupted = catchInterrupts();
  compilation.cancel = &interrupted;
  auto fail = [&](const Status &status) { return interrupted ? 130 : lathe::fail(status); };

  Compiler compiler(compilation);
  if (Status status = compiler.import(); !status)
    return fail(status);
  Phase last = stop.value_or(options.output.empty() ? Phase::Fuse : Phase::Place);
  if (last != Phase::Import)
    if (Status status = compiler.lower(last); !status)
      return fail(status);
  if (stop) {
    std::string text = compiler.print(options.locations);
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      return fail(Status::failure(std::string("standard output cannot be written: ") + std::strerror(errno)));
    return 0;
  }
  if (options.output.empty())
    return 0;
  if (Status status = compiler.generate(); !status)
    return fail(status);
  if (Status status = compiler.write(options.output); !status)
    return fail(status);
  return 0;
}

} // namespace

void addCompileCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("compile", "compile a model ahead of time");
  addModelOptions(*command, *options);
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->add_option("-o,--output", options->output, "the artifact to write");
  command->add_option("--stop-after", options->stopAfter, "print the IR after this phase");
  command
      ->add_option("--expect", options->expect,
                   "fail when the graph has another number of these ops after fusion: attention=30,rope=60")
      ->delimiter(',');
  command->add_flag("--locations", options->locations, "with --stop-after: print where in the model ops come from");
  command->footer("Examples:\n  lathe compile model.gguf -o model.lathe\n  lathe compile model.gguf --weights "
                  "reference -o model.lathe\n"
                  "  lathe compile model.onnx --stop-after fuse --expect attention=30");
  command->final_callback([options, &result] { result = compile(*options); });
}

} // namespace lathe
