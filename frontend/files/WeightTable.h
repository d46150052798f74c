// The weights of a model by name: type, shape and where their bytes lie. The bytes stay in the mapped files (or in
// memory); the compiler refers to weights by name alone. Relies on MappedFile and Shape.
#pragma once

#include "frontend/files/MappedFile.h"
#include "frontend/files/Shape.h"

#include <deque>
#include <unordered_map>

namespace lathe {

/// One weight. `bytes` is what bytesOf(type, shape) says, and [offset, offset + bytes) lies inside `file`.
struct Weight {
  std::string name;
  LatheType type = LATHE_F32;
  std::vector<int64_t> shape; // row major, outermost first
  std::shared_ptr<const MappedFile> file;
  uint64_t offset = 0;
  uint64_t bytes = 0;

  /// Valid while `file` lives; not aligned to anything.
  std::span<const uint8_t> data() const { return file->bytes().subspan(offset, bytes); }
  /// Whether the bytes were made in memory, so that no model file can be referred to.
  bool inMemory() const { return !file->isFile(); }
};

/// Weights in the order they were added, each name once. References to weights stay valid when others are added.
class WeightTable {
public:
  /// Fails, with the file and the weight named, for a second weight of the name, for a size that does not match type
  /// and shape, and for bytes outside the file.
  Status add(Weight weight);
  /// Adds a weight whose bytes live in memory.
  Status addOwned(std::string name, LatheType type, std::vector<int64_t> shape, std::vector<uint8_t> bytes);

  /// Null when there is none.
  const Weight *find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  size_t size() const { return weights_.size(); }
  bool empty() const { return weights_.empty(); }
  auto begin() const { return weights_.begin(); }
  auto end() const { return weights_.end(); }
  const Weight &operator[](size_t index) const { return weights_[index]; }

private:
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  std::deque<Weight> weights_;
  std::unordered_map<std::string, size_t, NameHash, std::equal_to<>> index_;
};

} // namespace lathe
