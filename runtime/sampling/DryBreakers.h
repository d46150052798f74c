// From the texts at which repetitions end to the tokens that hold them, for DRY. Relies on the tokenizer.
#pragma once

#include "runtime/tokenizer/Tokenizer.h"

#include <utility>

namespace lathe {

/// SamplerOptions::dryBreakers for the texts: each token that contains one stands alone; a token that ends with the
/// beginning of one is followed by the tokens of its rest.
std::vector<std::pair<int32_t, std::vector<int32_t>>> dryBreakers(const Tokenizer &tokenizer,
                                                                  std::span<const std::string> texts);

} // namespace lathe
