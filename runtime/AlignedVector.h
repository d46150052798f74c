// A vector whose elements start at a multiple of 64 bytes, as kernels want their inputs and outputs.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace lathe {

template <class T> struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U> AlignedAllocator(const AlignedAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), std::align_val_t(64))); }
  void deallocate(T *pointer, size_t) { ::operator delete(pointer, std::align_val_t(64)); }
  template <class U> bool operator==(const AlignedAllocator<U> &) const { return true; }
};

template <class T> using AlignedVector = std::vector<T, AlignedAllocator<T>>;

} // namespace lathe
