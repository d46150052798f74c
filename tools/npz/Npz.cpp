// See Npz.h. The .npy format: numpy/lib/format.py.
#include "tools/npz/Npz.h"

#include "runtime/ElementType.h"
#include "runtime/Memory.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>
#include <zip.h>

namespace lathe {

namespace {

constexpr char magic[] = "\x93NUMPY";
constexpr size_t maxHeader = 1 << 16, maxRank = 32;

struct Description {
  const char *text;
  LatheType type;
};
constexpr Description descriptions[] = {{"<f4", LATHE_F32}, {"<f2", LATHE_F16}, {"<f8", LATHE_F64},
                                        {"|i1", LATHE_I8},  {"<i2", LATHE_I16}, {"<i4", LATHE_I32},
                                        {"<i8", LATHE_I64}, {"|u1", LATHE_U8},  {"<u2", LATHE_U16},
                                        {"<u4", LATHE_U32}, {"<u8", LATHE_U64}, {"|b1", LATHE_BOOL}};

struct Header {
  std::string description;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Reads the Python dictionary of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 14), }.
struct HeaderParser {
  std::string_view text;

  void space() {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0])))
      text.remove_prefix(1);
  }
  bool eat(std::string_view token) {
    space();
    if (!text.starts_with(token))
      return false;
    text.remove_prefix(token.size());
    return true;
  }
  std::optional<std::string> string() {
    space();
    if (text.empty() || (text[0] != '\'' && text[0] != '"'))
      return std::nullopt;
    size_t end = text.find(text[0], 1);
    if (end == text.npos)
      return std::nullopt;
    std::string value(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return value;
  }
  bool shape(std::vector<int64_t> &out) {
    if (!eat("("))
      return false;
    while (!eat(")")) {
      space();
      int64_t dim;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dim);
      if (error != std::errc() || dim < 0 || out.size() == maxRank)
        return false;
      text.remove_prefix(size_t(end - text.data()));
      out.push_back(dim);
      if (!eat(",") && (space(), !text.starts_with(')')))
        return false;
    }
    return true;
  }
  bool parse(Header &header) {
    bool described = false, shaped = false, ordered = false;
    if (!eat("{"))
      return false;
    while (!eat("}")) {
      auto key = string();
      if (!key || !eat(":"))
        return false;
      if (*key == "descr") {
        auto value = string();
        if (!value)
          return false;
        header.description = *value;
        described = true;
      } else if (*key == "fortran_order") {
        header.fortranOrder = eat("True");
        if (!header.fortranOrder && !eat("False"))
          return false;
        ordered = true;
      } else if (*key != "shape" || !shape(header.shape)) {
        return false;
      } else {
        shaped = true;
      }
      eat(",");
    }
    return described && shaped && ordered;
  }
};

/// Reads exactly `size` bytes of an entry.
bool readExactly(zip_file_t *file, void *out, uint64_t size) {
  auto *to = static_cast<char *>(out);
  while (size > 0) {
    zip_int64_t got = zip_fread(file, to, std::min<uint64_t>(size, 1u << 30));
    if (got <= 0)
      return false;
    to += got;
    size -= uint64_t(got);
  }
  return true;
}

AlignedVector<std::byte> toCOrder(const AlignedVector<std::byte> &from, std::span<const int64_t> shape,
                                  size_t element) {
  AlignedVector<std::byte> to(from.size());
  std::vector<int64_t> index(shape.size());
  size_t count = from.size() / element;
  for (size_t i = 0; i < count; ++i) {
    size_t source = 0;
    for (size_t d = shape.size(); d-- > 0;)
      source = source * size_t(shape[d]) + size_t(index[d]);
    std::memcpy(to.data() + i * element, from.data() + source * element, element);
    for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];)
      index[d] = 0;
  }
  return to;
}

} // namespace

std::string npyHeader(LatheType type, std::span<const int64_t> shape) {
  // What NumPy does not have: the bits of BF16 and of narrow floats, narrow integers as bytes.
  const char *description = type == LATHE_BF16                       ? "<u2"
                            : type == LATHE_I4 || type == LATHE_I2 ? "|i1"
                                                                   : "|u1";
  for (const Description &entry : descriptions)
    if (entry.type == type)
      description = entry.text;
  std::string text = std::string("{'descr': '") + description + "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : shape)
    text += std::to_string(dim) + ", ";
  if (shape.size() > 1)
    text.resize(text.size() - 2);
  else if (!shape.empty())
    text.pop_back();
  text += "), }";
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string out(magic, 6);
  out += '\x01';
  out += '\0';
  out += char(text.size() & 0xff);
  out += char(text.size() >> 8);
  return out + text;
}

Result<std::unique_ptr<NpzReader>> NpzReader::open(const std::string &path) {
  std::unique_ptr<NpzReader> reader(new NpzReader);
  reader->path_ = path;
  int code = 0;
  zip_t *archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return Status::failure(path + ": is not a readable .npz file: " + text);
  }
  reader->archive_ = archive;
  zip_int64_t count = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *entry = zip_get_name(archive, zip_uint64_t(i), ZIP_FL_ENC_RAW);
    std::string_view name = entry ? entry : "";
    if (name.ends_with(".npy"))
      reader->names_.emplace_back(name.substr(0, name.size() - 4));
  }
  return reader;
}

NpzReader::~NpzReader() {
  if (archive_)
    zip_discard(static_cast<zip_t *>(archive_));
}

bool NpzReader::contains(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }

Result<NpzArray> NpzReader::read(const std::string &name) const {
  auto fail = [&](const std::string &what) { return Status::failure(path_ + ": entry '" + name + "' " + what); };
  auto *archive = static_cast<zip_t *>(archive_);
  std::string entry = name + ".npy";
  zip_stat_t info;
  zip_stat_init(&info);
  if (zip_stat(archive, entry.c_str(), ZIP_FL_ENC_RAW, &info) != 0 || !(info.valid & ZIP_STAT_SIZE))
    return fail("does not exist");
  std::unique_ptr<zip_file_t, int (*)(zip_file_t *)> file(zip_fopen_index(archive, info.index, 0), zip_fclose);
  if (!file)
    return fail(std::string("cannot be read: ") + zip_strerror(archive));

  unsigned char start[12] = {};
  if (info.size < 10 || !readExactly(file.get(), start, 10) || std::memcmp(start, magic, 6) != 0 || start[6] < 1 ||
      start[6] > 3)
    return fail("is not a NumPy array");
  uint64_t length = start[8] | start[9] << 8, before = 10;
  if (start[6] > 1) {
    if (!readExactly(file.get(), start + 10, 2))
      return fail("is not a NumPy array");
    length |= uint64_t(start[10]) << 16 | uint64_t(start[11]) << 24;
    before = 12;
  }
  if (length > maxHeader || before + length > info.size)
    return fail("has a header of " + std::to_string(length) + " bytes in " + std::to_string(info.size));
  std::string text(length, '\0');
  Header header;
  if (!readExactly(file.get(), text.data(), length) || !HeaderParser{text}.parse(header))
    return fail("has a header that is not understood");

  NpzArray array;
  array.name = name;
  array.shape = header.shape;
  auto known = std::ranges::find_if(descriptions, [&](const Description &d) { return header.description == d.text; });
  if (known == std::end(descriptions))
    return fail("has elements of type '" + header.description + "', which is not supported");
  array.type = known->type;
  uint64_t bytes = bytesPerBlock(array.type);
  for (int64_t dim : array.shape)
    if (__builtin_mul_overflow(bytes, uint64_t(dim), &bytes))
      return fail("has a shape that is too large");
  if (bytes != info.size - before - length)
    return fail("has " + std::to_string(info.size - before - length) + " bytes, its shape needs " +
                std::to_string(bytes));
  if (bytes > availableMemory())
    return fail("needs " + printBytes(bytes) + ", there are " + printBytes(availableMemory()) + " free");
  array.data.resize(bytes);
  if (!readExactly(file.get(), array.data.data(), bytes))
    return fail("is damaged");
  char end; // reading past the end is what makes libzip compare the checksum
  if (zip_fread(file.get(), &end, 1) != 0)
    return fail("is damaged");
  if (header.fortranOrder && array.shape.size() > 1)
    array.data = toCOrder(array.data, array.shape, bytesPerBlock(array.type));
  return array;
}

Status writeNpz(const std::string &path, std::span<const NpzArray> arrays) {
  int code = 0;
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return Status::failure(path + ": cannot be written: " + text);
  }
  auto fail = [&] {
    std::string text = zip_strerror(archive);
    zip_discard(archive);
    return Status::failure(path + ": cannot be written: " + text);
  };
  std::vector<std::string> headers;
  for (const NpzArray &array : arrays)
    headers.push_back(npyHeader(array.type, array.shape));
  for (size_t i = 0; i < arrays.size(); ++i) {
    zip_buffer_fragment_t fragments[] = {
        {reinterpret_cast<zip_uint8_t *>(headers[i].data()), headers[i].size()},
        {reinterpret_cast<zip_uint8_t *>(const_cast<std::byte *>(arrays[i].data.data())), arrays[i].data.size()}};
    zip_source_t *source = zip_source_buffer_fragment(archive, fragments, arrays[i].data.empty() ? 1 : 2, 0);
    if (!source)
      return fail();
    zip_int64_t index =
        zip_file_add(archive, (arrays[i].name + ".npy").c_str(), source, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return fail();
    }
    zip_set_file_compression(archive, zip_uint64_t(index), ZIP_CM_STORE, 0);
  }
  if (arrays.empty() || zip_close(archive) != 0)
    return arrays.empty() ? (zip_discard(archive), Status::failure(path + ": there are no arrays to write")) : fail();
  return Status::success();
}

} // namespace lathe
