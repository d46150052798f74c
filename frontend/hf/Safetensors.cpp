// Reading of safetensors headers, event by event: nothing is kept but the tensor being read; see Safetensors.h.
#include "frontend/hf/Safetensors.h"
#include "frontend/files/Quoted.h"

#include <cstring>
#include <nlohmann/json.hpp>

namespace lathe {

namespace {

constexpr uint64_t maximalHeader = 100'000'000; // the limit of the reference implementation
constexpr size_t maximalRank = 8;

constexpr std::pair<std::string_view, LatheType> dtypes[] = {
    {"F32", LATHE_F32}, {"F16", LATHE_F16}, {"BF16", LATHE_BF16}, {"F64", LATHE_F64}, {"I8", LATHE_I8},
    {"I16", LATHE_I16}, {"I32", LATHE_I32}, {"I64", LATHE_I64},   {"U8", LATHE_U8},   {"U16", LATHE_U16},
    {"U32", LATHE_U32}, {"U64", LATHE_U64}, {"BOOL", LATHE_BOOL}};

/// {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__": {"key": "value"}}.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
public:
  HeaderReader(const std::shared_ptr<const MappedFile> &file, uint64_t dataBegin, WeightTable &weights)
      : file_(file), dataBegin_(dataBegin), weights_(weights) {}

  Status status = Status::success();
  bool finished = false;

  bool key(string_t &key) override {
    if (depth_ == 1) {
      name_ = key;
      isMetadata_ = key == "__metadata__";
      weight_ = Weight();
      hasType_ = hasShape_ = hasOffsets_ = false;
      return true;
    }
    field_ = key;
    if (!isMetadata_ && field_ != "dtype" && field_ != "shape" && field_ != "data_offsets")
      return fail("has the unknown field " + lathe::quoted(field_));
    bool &has = field_ == "dtype" ? hasType_ : field_ == "shape" ? hasShape_ : hasOffsets_;
    if (!isMetadata_ && has)
      return fail("has the field " + lathe::quoted(field_) + " twice");
    has = true;
    return true;
  }
  bool start_object(std::size_t) override {
    if (inArray_ || depth_ >= 2 || finished)
      return fail("nests objects");
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    if (depth_ == 0)
      finished = true;
    return depth_ != 1 || isMetadata_ || addTensor();
  }
  bool start_array(std::size_t) override {
    if (depth_ != 2 || isMetadata_ || inArray_ || field_ == "dtype")
      return fail("has a list where none belongs");
    inArray_ = true;
    numbers_.clear();
    return true;
  }
  bool end_array() override {
    inArray_ = false;
    if (field_ == "shape") {
      weight_.shape = numbers_;
      return true;
    }
    if (numbers_.size() != 2)
      return fail("has " + std::to_string(numbers_.size()) + " data offsets, expected 2");
    begin_ = static_cast<uint64_t>(numbers_[0]);
    end_ = static_cast<uint64_t>(numbers_[1]);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (!inArray_)
      return fail("has a number where none belongs");
    if (value > INT64_MAX)
      return fail("has the size or offset " + std::to_string(value) + ", which is too large");
    if (numbers_.size() >= maximalRank)
      return fail("has more than " + std::to_string(maximalRank) + " dimensions");
    numbers_.push_back(static_cast<int64_t>(value));
    return true;
  }
  bool string(string_t &text) override {
    if (depth_ == 2 && isMetadata_)
      return true;
    if (depth_ != 2 || inArray_ || field_ != "dtype")
      return fail("has a text where none belongs");
    for (auto [name, type] : dtypes) {
      if (name != text)
        continue;
      weight_.type = type;
      return true;
    }
    return fail("has type " + lathe::quoted(text) + ", which is not supported; supported: F32, F16, BF16");
  }
  bool number_integer(number_integer_t value) override {
    return fail("has the negative number " + std::to_string(value));
  }
  bool number_float(number_float_t, const string_t &) override { return fail("has a number with a fraction"); }
  bool boolean(bool) override { return fail("has a boolean where none belongs"); }
  bool null() override { return fail("has a null where none belongs"); }
  bool binary(binary_t &) override { return fail("has bytes where none belong"); }
  bool parse_error(std::size_t position, const std::string &, const nlohmann::detail::exception &) override {
    if (status)
      status = Status::failure(file_->path() + ": the header is not valid JSON at byte " + std::to_string(position));
    return false;
  }

private:
  bool fail(const std::string &message) {
    if (status)
      status = Status::failure(file_->path() + ": " +
                               (depth_ < 1 || name_.empty() ? "the header" : "tensor " + lathe::quoted(name_)) + " " +
                               message);
    return false;
  }

  bool addTensor() {
    if (!hasType_ || !hasShape_ || !hasOffsets_)
      return fail(std::string("has no field '") + (!hasType_ ? "dtype" : !hasShape_ ? "shape" : "data_offsets") + "'");
    if (end_ < begin_)
      return fail("ends at " + std::to_string(end_) + " before it begins at " + std::to_string(begin_));
    if (begin_ > file_->size())
      return fail("begins at " + std::to_string(begin_) + " of the data, but the file has " +
                  std::to_string(file_->size()) + " bytes; it is cut off or damaged");
    weight_.name = name_;
    weight_.file = file_;
    weight_.offset = dataBegin_ + begin_;
    weight_.bytes = end_ - begin_;
    status = weights_.add(std::move(weight_));
    return status.ok();
  }

  const std::shared_ptr<const MappedFile> &file_;
  uint64_t dataBegin_;
  WeightTable &weights_;
  unsigned depth_ = 0;
  bool inArray_ = false, isMetadata_ = false, hasType_ = false, hasShape_ = false, hasOffsets_ = false;
  std::string name_, field_;
  std::vector<int64_t> numbers_;
  Weight weight_;
  uint64_t begin_ = 0, end_ = 0;
};

} // namespace

Status addSafetensors(const std::shared_ptr<const MappedFile> &file, WeightTable &weights) {
  auto fail = [&](const std::string &message) { return Status::failure(file->path() + ": " + message); };
  std::span<const uint8_t> bytes = file->bytes();
  uint64_t length;
  if (bytes.size() < sizeof length)
    return fail("has " + std::to_string(bytes.size()) + " bytes, too few for a safetensors file");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > bytes.size() - sizeof length || length > maximalHeader)
    return fail("claims a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(bytes.size()) +
                "; it is cut off, damaged, or no safetensors file");
  HeaderReader reader(file, sizeof length + length, weights);
  const uint8_t *begin = bytes.data() + sizeof length;
  bool parsed = nlohmann::json::sax_parse(begin, begin + length, &reader);
  if (!reader.status)
    return reader.status;
  if (!parsed || !reader.finished)
    return fail("the header is no JSON object");
  return Status::success();
}

} // namespace lathe
