// The flags of `lathe run` and `lathe-run`. Relies on CLI11 (in the .cpp alone).
#pragma once

#include "runtime/sampling/Sampler.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lathe {

/// What holds for every command that takes a model.
struct ModelOptions {
  std::string model;
  std::string target, compute, kvType; ///< empty: not given
  std::vector<std::string> weights;    ///< --weights: embed or reference when compiling; else the weights of a .lm
  uint32_t contextSize = 0;            ///< 0: not given
  uint32_t threads = 0;                ///< 0: as many as the process may use
};

struct RunOptions : ModelOptions {
  std::optional<std::string> prompt;
  std::string promptFile;
  std::vector<int32_t> promptIds;
  std::string system;
  bool conversation = false, noConversation = false, singleTurn = false;
  int32_t predict = -1;
  SamplerOptions sampling;
  int64_t seed = -1;                          ///< negative: another one every time
  uint32_t returned = 1;                      ///< texts from one prompt
  int32_t logprobs = -1, promptLogprobs = -1; ///< negative: none
  std::vector<std::string> stops;
  std::string grammar, grammarFile, jsonSchema, regex; ///< at most one is not empty
  bool ignoreEos = false, printIds = false, quiet = false, json = false, verbose = false;
};

/// Adds the flags common to all commands; `options` must outlive the parsing.
void addModelOptions(CLI::App &app, ModelOptions &options);
void addRunOptions(CLI::App &app, RunOptions &options);
/// The part of it that is about sampling (SamplingOptions.cpp), and what must hold of it after parsing.
void addSamplingOptions(CLI::App &app, RunOptions &options);
Status checkSamplingOptions(const RunOptions &options);
/// --grammar and its like (ConstraintOptions.cpp).
void addConstraintOptions(CLI::App &app, RunOptions &options);
/// Parses the command line. The exit status when the program is to end (0 after --help, 2 for a wrong command line).
std::optional<int> parseCommandLine(CLI::App &app, int argc, char **argv);

} // namespace lathe
