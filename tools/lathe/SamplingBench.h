// lathe bench --sampling: what chains of samplers cost beside a step of the model. Relies on the runtime alone.
#pragma once

#include "runtime/Decoder.h"
#include "runtime/sampling/SamplerOptions.h"

#include <string>
#include <vector>

namespace lathe {

struct SamplingMeasurement {
  std::string name, chain; ///< what the chain is called, and SamplerOptions::describe()
  double microseconds = 0; ///< for one token: the median over rows of logits, each measured several times
};

struct SamplingCost {
  double stepMicroseconds = 0; ///< a decoding step of one token, the median
  std::vector<SamplingMeasurement> chains;
};

/// Decodes a text that the model draws and times the chains on the logits of its steps: the default one, each sampler
/// alone with a usual value, and all at once.
Result<SamplingCost> measureSampling(Decoder &decoder, uint32_t repetitions);

} // namespace lathe
