// NumPy's .npz files (zip archives of .npy arrays): what `lathe exec` reads and writes. Relies on libzip.
#pragma once

#include "runtime/AlignedVector.h"
#include "runtime/Status.h"
#include "runtime/artifact.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// An array in C order. Types: F32, F16, F64, the integers, BOOL; BF16 is written as NumPy's uint16,
/// narrow floats as uint8 (their bits), narrow integers as int8 or uint8.
struct NpzArray {
  std::string name; ///< without ".npy"
  LatheType type = LATHE_F32;
  std::vector<int64_t> shape;
  AlignedVector<std::byte> data;
};

/// Reads an archive entry by entry; what is not asked for may be anything.
class NpzReader {
public:
  static Result<std::unique_ptr<NpzReader>> open(const std::string &path);
  ~NpzReader();
  NpzReader(const NpzReader &) = delete;
  NpzReader &operator=(const NpzReader &) = delete;

  /// Names of the arrays, in the order of the file.
  const std::vector<std::string> &names() const { return names_; }
  bool contains(std::string_view name) const;
  /// Fails, with file and entry named, for an entry that does not exist, is damaged, or has a type we do not know.
  /// Fortran order becomes C order.
  Result<NpzArray> read(const std::string &name) const;

private:
  NpzReader() = default;
  std::string path_;
  std::vector<std::string> names_;
  void *archive_ = nullptr; // zip_t
};

/// Writes the arrays, uncompressed; the file appears whole or not at all.
Status writeNpz(const std::string &path, std::span<const NpzArray> arrays);

/// The header of a .npy file, for `writeNpz` and for tests: magic, version and description.
std::string npyHeader(LatheType type, std::span<const int64_t> shape);

} // namespace lathe
