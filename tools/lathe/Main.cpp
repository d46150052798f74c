// The program `lathe`: its commands, each in a file of its own.
#include "tools/lathe/Commands.h"

#include <csignal>

int main(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a failed write, like a full disk
  CLI::App program("lathe: compiles language models and runs them", "lathe");
  program.require_subcommand(1);
  program.set_version_flag("--version", "lathe 0.1.0");
  program.footer("Examples:\n"
                 "  lathe run model.gguf -p \"Once upon a time\" -n 64\n"
                 "  lathe compile model.gguf -o model.lathe\n"
                 "  lathe compile model.onnx --stop-after fuse\n"
                 "  lathe bench model.gguf -p 512 -n 128 -t 2");
  int result = 0;
  lathe::addRunCommand(program, result);
  lathe::addCompileCommand(program, result);
  lathe::addExecCommand(program, result);
  lathe::addEvalCommand(program, result);
  lathe::addBenchCommand(program, result);
  lathe::addCheckCommand(program, result);
  lathe::addExplainCommand(program, result);
  lathe::addEmbedCommand(program, result);
  lathe::addInspectCommand(program, result);
  lathe::addTokenizeCommand(program, result);
  lathe::addCacheCommand(program, result);
  if (std::optional<int> status = lathe::parseCommandLine(program, argc, argv))
    return *status;
  return result;
}
