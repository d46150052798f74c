// Relocatable objects to a shared object, by LLD in this process. LLD has global state, so links run one after another.
#pragma once

#include "runtime/Status.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lathe {

struct LinkInput {
  std::string name; // for messages
  std::span<const std::byte> object;
};

/// The bytes of an ELF shared object that holds all of `inputs`, needs no library and has no undefined symbol: one that
/// is left is an error that names it and who uses it.
Result<std::vector<std::byte>> linkObjects(std::span<const LinkInput> inputs);

/// Version and options of the linker, for keys of caches.
const std::string &linkerFingerprint();

} // namespace lathe
