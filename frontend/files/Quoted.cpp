// Escapes names for messages; see Quoted.h.
#include "frontend/files/Quoted.h"

namespace lathe {

std::string quoted(std::string_view text) {
  constexpr size_t limit = 120;
  constexpr char digits[] = "0123456789abcdef";
  std::string result = "'";
  for (unsigned char byte : text.substr(0, limit)) {
    if (byte >= 0x20 && byte < 0x7f) {
      result += static_cast<char>(byte);
      continue;
    }
    result += "\\x";
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  if (text.size() > limit)
    result += "...";
  return result + "'";
}

} // namespace lathe
