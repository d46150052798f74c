// `lathe run` and `lathe-run`: from options to text on stdout. Relies on the runtime alone; where the artifact comes
// from is the caller's part.
#pragma once

#include "runtime/Artifact.h"
#include "tools/run/RunOptions.h"

#include <functional>

namespace lathe {

/// Gives the artifact of `options.model`: opens a .lathe, or compiles first.
using ArtifactSource = std::function<Result<std::shared_ptr<const Artifact>>(const ModelOptions &options)>;

/// Opens `options.model`, which must be a .lathe, and refuses the options that were fixed when it was compiled.
Result<std::shared_ptr<const Artifact>> openCompiled(const ModelOptions &options);

/// Generates as the options say. Messages go to stderr, beginning with `program`. Returns the exit status: 0 done, 1
/// failed, 130 interrupted.
int runCommand(const RunOptions &options, const ArtifactSource &source, const char *program);

} // namespace lathe
