// A file of the source tree that lies in the program (cmake/Embed.cmake).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lathe {

/// `name` is relative to the folder given to lathe_embed; `text` is followed by a zero byte.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

} // namespace lathe
