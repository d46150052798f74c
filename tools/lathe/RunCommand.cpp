// lathe run: compiles just in time where needed, then generates (tools/run).
#include "tools/lathe/Commands.h"

namespace lathe {

void addRunCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<RunOptions>();
  CLI::App *command = program.add_subcommand("run", "generate text");
  addRunOptions(*command, *options);
  command->footer("Examples:\n  lathe run model.gguf -p \"Once upon a time\" -n 64\n  lathe run model.gguf -cnv\n"
                  "  lathe run model.gguf --prompt-ids 1,2,3 --print-ids --temp 0");
  command->final_callback([options, &result] {
    result = runCommand(
        *options,
        [options](const ModelOptions &model) {
          return openModel(model, options->quiet, [](CompileOptions &compilation) {
            compilation.wantForward = false;
            compilation.requireStep = true;
          });
        },
        "lathe");
  });
}

} // namespace lathe
