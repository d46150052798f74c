// See ContentHash.h.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "runtime/ContentHash.h"

namespace lathe {

uint64_t contentHash(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

struct StreamingHash::State {
  alignas(64) XXH3_state_t hash;
};
StreamingHash::StreamingHash() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }
StreamingHash::~StreamingHash() = default;
void StreamingHash::update(std::span<const std::byte> bytes) {
  XXH3_64bits_update(&state_->hash, bytes.data(), bytes.size());
}
uint64_t StreamingHash::value() const { return XXH3_64bits_digest(&state_->hash); }

} // namespace lathe
