// Ctrl-C as a flag that long work looks at; a second one ends the program at once.
#pragma once

#include <atomic>

namespace lathe {

/// Set by SIGINT and SIGTERM from now on. May be cleared to go on.
std::atomic<bool> &catchInterrupts();

} // namespace lathe
