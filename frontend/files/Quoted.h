// Names from strangers' files, made fit for a message: one line, printable, of bounded length. Relies on nothing.
#pragma once

#include <string>
#include <string_view>

namespace lathe {

/// `text` in single quotes; bytes that are not printable ASCII as \xNN, and at most 120 bytes of it ("..." after them).
std::string quoted(std::string_view text);

} // namespace lathe
