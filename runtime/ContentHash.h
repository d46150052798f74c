// XXH3-64 of bytes: the hash of artifact sections and weight pieces. Relies on libxxhash's header alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace lathe {

uint64_t contentHash(std::span<const std::byte> bytes);

/// The same hash of bytes that come in parts.
class StreamingHash {
public:
  StreamingHash();
  ~StreamingHash();
  StreamingHash(const StreamingHash &) = delete;
  StreamingHash &operator=(const StreamingHash &) = delete;
  void update(std::span<const std::byte> bytes);
  /// Of everything so far.
  uint64_t value() const;

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace lathe
