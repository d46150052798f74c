// Where keys and values lie in a page of the cache. A page holds 64 positions; each head of it has its keys as
// (position / 16, element, position % 16), so that positions are lanes of q.k, then its values as (position, element).
#ifndef LATHE_COMMON_CPU_CACHE_H
#define LATHE_COMMON_CPU_CACHE_H

#include "common/cpu/lanes.h"

namespace lathe {

template <class Element, int64_t KvHeads, int64_t HeadDim> struct CachePage {
  static constexpr int64_t positions = 64;
  static constexpr int64_t headElements = 2 * positions * HeadDim;
  static constexpr int64_t pageElements = KvHeads * headElements;

  // The keys of a head; element (slot, d) at keyIndex(slot) + 16 d.
  static LATHE_INLINE Element *keys(void *cache, int64_t page, int64_t head) {
    return static_cast<Element *>(cache) + page * pageElements + head * headElements;
  }
  static constexpr int64_t keyIndex(int64_t slot) { return slot / 16 * 16 * HeadDim + slot % 16; }
  // The values of a head; element (slot, d) at slot * HeadDim + d.
  static LATHE_INLINE Element *values(void *cache, int64_t page, int64_t head) {
    return keys(cache, page, head) + positions * HeadDim;
  }
};

} // namespace lathe

#endif
