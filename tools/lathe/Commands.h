// What the commands of `lathe` share: a MODEL as an artifact, progress on a terminal, and how failures end.
#pragma once

#include "tools/compile/Compiler.h"
#include "tools/run/RunCommand.h"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace lathe {

/// The flags that every command shares (tools/run/RunOptions.h), as options of a compilation.
CompileOptions compileOptions(const ModelOptions &options);
/// A MODEL as an artifact: a .lathe is mapped (flags that were fixed when it was compiled are refused), anything else
/// is compiled just in time. `adjust` may change the options of the compilation.
Result<std::shared_ptr<const Artifact>> openModel(const ModelOptions &options, bool quiet,
                                                  const std::function<void(CompileOptions &)> &adjust = {});

/// Shows what goes on, on stderr, when it is a terminal and takes longer than half a second.
class Progress {
public:
  explicit Progress(bool quiet);
  ~Progress();
  void operator()(const std::string &what, uint64_t done, uint64_t total);

private:
  bool shown_, visible_ = false;
  double start_;
  std::string last_;
  double lastTime_ = 0;
  void clear();
};

/// Prints the message on stderr and gives exit status 1, or 130 after Ctrl-C.
int fail(const Status &status);

/// Prints the message on stderr and gives exit status 2.
int usageError(const std::string &message);

/// Every command: adds itself to the program; `result` gets the exit status.
void addCompileCommand(CLI::App &program, int &result);
void addInspectCommand(CLI::App &program, int &result);
void addTokenizeCommand(CLI::App &program, int &result);
void addCacheCommand(CLI::App &program, int &result);
void addExecCommand(CLI::App &program, int &result);
void addEvalCommand(CLI::App &program, int &result);
void addBenchCommand(CLI::App &program, int &result);
void addRunCommand(CLI::App &program, int &result);
void addCheckCommand(CLI::App &program, int &result);
void addExplainCommand(CLI::App &program, int &result);
void addEmbedCommand(CLI::App &program, int &result);

} // namespace lathe
