// Checked insertion and lookup of weights; see WeightTable.h.
#include "frontend/files/WeightTable.h"
#include "frontend/files/Quoted.h"

namespace lathe {

Status WeightTable::add(Weight weight) {
  std::string place = weight.file->path() + ": tensor " + quoted(weight.name);
  Result<uint64_t> expected = bytesOf(weight.type, weight.shape);
  if (!expected)
    return Status::failure(place + " " + expected.message());
  if (*expected != weight.bytes)
    return Status::failure(place + " has " + std::to_string(weight.bytes) + " bytes, but " +
                           elementTypeName(weight.type) + shapeText(weight.shape) + " takes " +
                           std::to_string(*expected));
  uint64_t size = weight.file->size();
  if (weight.offset > size || weight.bytes > size - weight.offset)
    return Status::failure(place + " takes " + std::to_string(weight.bytes) + " bytes at offset " +
                           std::to_string(weight.offset) + ", but the file has " + std::to_string(size) +
                           " bytes; it is cut off or damaged");
  if (const Weight *first = find(weight.name)) {
    std::string message = place + " appears twice";
    if (first->file != weight.file)
      message += ", the first time in " + first->file->path();
    return Status::failure(std::move(message));
  }
  index_.emplace(weight.name, weights_.size());
  weights_.push_back(std::move(weight));
  return Status::success();
}

Status WeightTable::addOwned(std::string name, LatheType type, std::vector<int64_t> shape, std::vector<uint8_t> bytes) {
  uint64_t size = bytes.size();
  return add(Weight{std::move(name), type, std::move(shape), MappedFile::ofBytes("memory", std::move(bytes)), 0, size});
}

const Weight *WeightTable::find(std::string_view name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : &weights_[found->second];
}

} // namespace lathe
