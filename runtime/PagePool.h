// The pages of a KV cache: which are free, and how many sequences hold each. Relies on the standard library alone.
#pragma once

#include <cstdint>
#include <vector>

namespace lathe {

/// Pages are numbers below `size`. A page may be held by several sequences that share the positions in it; it is free
/// again when the last lets go.
class PagePool {
public:
  explicit PagePool(uint32_t size);
  uint32_t size() const { return uint32_t(holders_.size()); }
  uint32_t available() const { return uint32_t(free_.size()); }
  /// A page with one holder. There must be one available.
  uint32_t take();
  void hold(uint32_t page) { ++holders_[page]; }
  void release(uint32_t page);
  bool isShared(uint32_t page) const { return holders_[page] > 1; }

private:
  std::vector<uint32_t> free_; // taken from the back, so that low pages are used first
  std::vector<uint32_t> holders_;
};

} // namespace lathe
