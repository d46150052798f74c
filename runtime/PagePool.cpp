// See PagePool.h.
#include "runtime/PagePool.h"

namespace lathe {

PagePool::PagePool(uint32_t size) : holders_(size) {
  free_.reserve(size);
  for (uint32_t page = size; page > 0; --page)
    free_.push_back(page - 1);
}

uint32_t PagePool::take() {
  uint32_t page = free_.back();
  free_.pop_back();
  holders_[page] = 1;
  return page;
}

void PagePool::release(uint32_t page) {
  if (--holders_[page] == 0)
    free_.push_back(page);
}

} // namespace lathe
