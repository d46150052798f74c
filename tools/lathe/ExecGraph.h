// A graph that `lathe exec` evaluates, compiled or by the reference evaluator, and what its answers are compared by.
#pragma once

#include "ir/reference/Tensor.h"
#include "tools/lathe/Commands.h"
#include "tools/npz/Npz.h"

#include <map>

namespace lathe {

struct ExecOptions : ModelOptions {
  std::string inputs, outputs, golden, casePrefix;
  double relative = 1e-3, absolute = 1e-3;
  bool evaluate = false, quiet = false, testCases = false;
  std::vector<Weight> constants; ///< inputs whose values are known
};

using Arrays = std::map<std::string, NpzArray>;

/// What can be evaluated: the names and types of its inputs, and a run.
class ExecGraph {
public:
  virtual ~ExecGraph() = default;
  virtual std::vector<std::pair<std::string, LatheType>> inputs() const = 0;
  /// Inputs of i64 that may be left out, and what their elements are then (metadata, "input_defaults").
  virtual std::map<std::string, int64_t> defaults() const = 0;
  /// `arrays` has every input, in its type.
  virtual Result<Arrays> run(const Arrays &arrays) = 0;
};

/// Compiles `options.model`, or imports it with `options.evaluate`.
Result<std::unique_ptr<ExecGraph>> openGraph(const ExecOptions &options);

/// The scalars and vectors of at most 64 elements, as what `ExecOptions::constants` holds. A graph that cannot be
/// compiled for any axes, shapes or counts can be compiled for these.
std::vector<Weight> smallVectors(std::span<const NpzArray> arrays);

/// The array with elements of another type, rounded.
Result<NpzArray> converted(const NpzArray &array, LatheType type);

struct Difference {
  double largest = 0, expected = 0, actual = 0;
  uint64_t beyond = 0, count = 0;
};
/// Elements that differ by more than absolute + relative * |expected|; fails when the shapes differ.
Result<Difference> compare(const NpzArray &actual, const NpzArray &expected, const ExecOptions &options);

/// Runs the cases of a folder as ONNX's backend tests have them, or of each folder that a list names; a line on stdout
/// for each: "passed", "failed" or "refused" (not compiled), its name and why. Gives the exit status.
int runTestCases(const ExecOptions &options);

} // namespace lathe
