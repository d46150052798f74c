// The table behind runtime/ElementType.h; block sizes are those of GGML's file format.
#include "runtime/ElementType.h"

#include <array>
#include <cctype>

namespace lathe {

namespace {
struct Entry {
  LatheType type;
  const char *name;
  uint32_t elements, bytes;
};
constexpr std::array table = {Entry{LATHE_F32, "F32", 1, 4},
                              Entry{LATHE_F16, "F16", 1, 2},
                              Entry{LATHE_BF16, "BF16", 1, 2},
                              Entry{LATHE_F64, "F64", 1, 8},
                              Entry{LATHE_I8, "I8", 1, 1},
                              Entry{LATHE_I16, "I16", 1, 2},
                              Entry{LATHE_I32, "I32", 1, 4},
                              Entry{LATHE_I64, "I64", 1, 8},
                              Entry{LATHE_U8, "U8", 1, 1},
                              Entry{LATHE_U16, "U16", 1, 2},
                              Entry{LATHE_U32, "U32", 1, 4},
                              Entry{LATHE_U64, "U64", 1, 8},
                              Entry{LATHE_BOOL, "BOOL", 1, 1},
                              Entry{LATHE_F8E4M3FN, "F8E4M3FN", 1, 1},
                              Entry{LATHE_F8E4M3FNUZ, "F8E4M3FNUZ", 1, 1},
                              Entry{LATHE_F8E5M2, "F8E5M2", 1, 1},
                              Entry{LATHE_F8E5M2FNUZ, "F8E5M2FNUZ", 1, 1},
                              Entry{LATHE_F8E8M0, "F8E8M0", 1, 1},
                              Entry{LATHE_F4E2M1, "F4E2M1", 1, 1},
                              Entry{LATHE_I4, "I4", 1, 1},
                              Entry{LATHE_U4, "U4", 1, 1},
                              Entry{LATHE_I2, "I2", 1, 1},
                              Entry{LATHE_U2, "U2", 1, 1},
                              Entry{LATHE_Q4_0, "Q4_0", 32, 18},
                              Entry{LATHE_Q4_1, "Q4_1", 32, 20},
                              Entry{LATHE_Q5_0, "Q5_0", 32, 22},
                              Entry{LATHE_Q5_1, "Q5_1", 32, 24},
                              Entry{LATHE_Q8_0, "Q8_0", 32, 34},
                              Entry{LATHE_Q4_K, "Q4_K", 256, 144},
                              Entry{LATHE_Q5_K, "Q5_K", 256, 176},
                              Entry{LATHE_Q6_K, "Q6_K", 256, 210},
                              Entry{LATHE_INT4, "INT4", 32, 24}};

const Entry *find(uint32_t type) {
  for (const Entry &entry : table)
    if (entry.type == type)
      return &entry;
  return nullptr;
}
} // namespace

const char *elementTypeName(uint32_t type) {
  const Entry *entry = find(type);
  return entry ? entry->name : "?";
}

std::optional<LatheType> elementTypeFromName(std::string_view name) {
  for (const Entry &entry : table) {
    std::string_view known = entry.name;
    bool equal = known.size() == name.size();
    for (size_t i = 0; equal && i < known.size(); ++i)
      equal = known[i] == std::toupper(static_cast<unsigned char>(name[i]));
    if (equal)
      return entry.type;
  }
  return std::nullopt;
}

bool isElementType(uint32_t type) { return find(type) != nullptr; }
uint32_t elementsPerBlock(LatheType type) { return find(type)->elements; }
uint32_t bytesPerBlock(LatheType type) { return find(type)->bytes; }

std::optional<uint64_t> bytesOfRows(LatheType type, uint64_t rows, uint64_t columns) {
  const Entry *entry = find(type);
  uint64_t bytes;
  if (!entry || columns % entry->elements != 0 ||
      __builtin_mul_overflow(columns / entry->elements, entry->bytes, &bytes) ||
      __builtin_mul_overflow(bytes, rows, &bytes))
    return std::nullopt;
  return bytes;
}

} // namespace lathe
