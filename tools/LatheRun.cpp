// lathe-run: runs a compiled model. Links the runtime alone.
#include "tools/run/RunCommand.h"

#include <CLI/CLI.hpp>

int main(int argc, char **argv) {
  CLI::App app("runs a model that lathe compiled", "lathe-run");
  app.footer("Examples:\n"
             "  lathe-run model.lathe -p \"Once upon a time\" -n 100\n"
             "  lathe-run model.lathe -cnv -sys \"You answer in one sentence.\"\n"
             "  lathe-run model.lathe --temp 0 --prompt-ids 1,2,3 --print-ids -n 16\n");
  lathe::RunOptions options;
  lathe::addRunOptions(app, options);
  if (auto status = lathe::parseCommandLine(app, argc, argv))
    return *status;
  return lathe::runCommand(options, lathe::openCompiled, "lathe-run");
}
