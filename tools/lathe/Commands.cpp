// See Commands.h.
#include "tools/lathe/Commands.h"
#include "tools/run/Interrupt.h"

#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace lathe {

CompileOptions compileOptions(const ModelOptions &options) {
  CompileOptions result;
  result.model = options.model;
  if (!options.target.empty()) {
    result.targets.clear();
    for (size_t at = 0; at <= options.target.size();) {
      size_t comma = std::min(options.target.find(',', at), options.target.size());
      result.targets.push_back(options.target.substr(at, comma - at));
      at = comma + 1;
    }
  }
  if (!options.compute.empty())
    result.compute = options.compute;
  if (!options.kvType.empty())
    result.kvType = options.kvType;
  for (const std::string &weights : options.weights)
    if (weights == "embed" || weights == "reference")
      result.storage = weights == "embed" ? WeightStorage::Embed : WeightStorage::Reference;
    else
      result.weightsFile = weights;
  result.threads = options.threads;
  return result;
}

Result<std::shared_ptr<const Artifact>> openModel(const ModelOptions &options, bool quiet,
                                                  const std::function<void(CompileOptions &)> &adjust) {
  if (Artifact::isArtifact(options.model))
    return openCompiled(options);
  Progress progress(quiet);
  CompileOptions compilation = compileOptions(options);
  compilation.progress = std::ref(progress);
  compilation.cancel = &catchInterrupts();
  compilation.storage = WeightStorage::Shared;
  if (adjust)
    adjust(compilation);
  Compiler compiler(compilation);
  if (Status status = compiler.import(); !status)
    return status;
  if (Status status = compiler.lower(); !status)
    return status;
  if (Status status = compiler.generate(); !status)
    return status;
  return compiler.inProcess();
}

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Progress::Progress(bool quiet) : shown_(!quiet && isatty(STDERR_FILENO)), start_(now()) {}
Progress::~Progress() { clear(); }

void Progress::clear() {
  if (visible_)
    std::fputs("\r\033[K", stderr);
  visible_ = false;
}

void Progress::operator()(const std::string &what, uint64_t done, uint64_t total) {
  double time = now();
  if (!shown_ || time - start_ < 0.5 || (what == last_ && time - lastTime_ < 0.1 && done != total))
    return;
  last_ = what;
  lastTime_ = time;
  std::fprintf(stderr, "\r\033[K%s", what.c_str());
  if (total)
    std::fprintf(stderr, " %3.0f%%", 100.0 * static_cast<double>(done) / static_cast<double>(total));
  std::fflush(stderr);
  visible_ = true;
}

int fail(const Status &status) {
  std::fprintf(stderr, "error: %s\n", status.message().c_str());
  return catchInterrupts() ? 130 : 1;
}

int usageError(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return 2;
}

} // namespace lathe
