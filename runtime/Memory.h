// Arenas: zeroed memory that is refused with a clear message when the machine has less. Relies on Mapping and /proc.
#pragma once

#include "runtime/Mapping.h"

namespace lathe {

/// Bytes this process can still take without swapping, within the control group's limit; UINT64_MAX when unknown.
uint64_t availableMemory();
/// "1.5 GiB", "640 KiB", "12 bytes".
std::string printBytes(uint64_t bytes);
/// `bytes` zeroed bytes. Fails when the machine has less: "the KV cache needs 8.0 GiB, 3.1 GiB are free; HINT". `hint`
/// may be empty.
Result<Mapping> allocateArena(uint64_t bytes, const std::string &what, const std::string &hint);

} // namespace lathe
