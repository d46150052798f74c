// Parsing and facts of ir/Target.h.
#include "ir/Target.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

#include <algorithm>
#include <set>

namespace lathe {

namespace {

/// Features that say nothing about instructions: modes, tuning, and what user code cannot use.
bool isOfInterest(llvm::StringRef feature) {
  static const std::set<llvm::StringRef> ignored = {
      "64bit",      "cx8",      "cmov",    "mmx",      "evex512", "fxsr",     "x87",       "rdpru",   "wbnoinvd",
      "clzero",     "mwaitx",   "invpcid", "shstk",    "pku",     "rdpid",    "prfchw",    "ptwrite", "serialize",
      "tsxldtrk",   "uintr",    "enqcmd",  "hreset",   "xsavec",  "xsaveopt", "xsaves",    "xsave",   "clwb",
      "clflushopt", "cldemote", "sgx",     "lwp",      "pconfig", "rtm",      "waitpkg",   "widekl",  "kl",
      "usermsr",    "rdrnd",    "rdseed",  "fsgsbase", "sahf",    "movdiri",  "movdir64b", "crc32"};
  return !ignored.contains(feature);
}

std::set<std::string> featuresOf(llvm::StringRef cpu) {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::X86::getFeaturesForCPU(cpu, names);
  llvm::StringMap<bool> all; // with what each implies: avx2 has avx
  for (llvm::StringRef name : names) {
    all[name] = true;
    llvm::X86::updateImpliedFeatures(name, true, all);
  }
  std::set<std::string> result;
  for (const auto &feature : all)
    if (feature.second && isOfInterest(feature.first()))
      result.insert(feature.first().str());
  return result;
}

std::string knownNames() {
  llvm::SmallVector<llvm::StringRef> names;
  llvm::X86::fillValidCPUArchList(names, /*Only64Bit=*/true);
  std::string list = "native, x86-64-v2, x86-64-v3, x86-64-v4";
  for (llvm::StringRef name : names)
    if (!name.starts_with("x86-64") && featuresOf(name).contains("sse4.2"))
      list += ", " + name.str();
  return list;
}

} // namespace

Result<Target> Target::parse(std::string_view text) {
  std::string shown(text);
  if (text == "cpu" || text == "cpu:native" || text == "native")
    return native();
  if (!text.starts_with("cpu:")) {
    std::string hint =
        text.starts_with("cuda") ? "targets of NVIDIA GPUs are not supported yet" : "a target is cpu or cpu:NAME";
    return Status::failure("unknown target '" + shown + "': " + hint + "; known names: " + knownNames());
  }
  llvm::StringRef name(text.data() + 4, text.size() - 4);
  if (llvm::X86::parseArchX86(name, /*Only64Bit=*/true) == llvm::X86::CK_None)
    return Status::failure("unknown CPU '" + name.str() + "' in target '" + shown + "'; known: " + knownNames());
  std::set<std::string> features = featuresOf(name);
  if (!features.contains("sse4.2"))
    return Status::failure("target '" + shown +
                           "' has no SSE4.2, which generated code needs; the least is cpu:x86-64-v2");
  Target target;
  target.cpu_ = name.str();
  target.features_.assign(features.begin(), features.end());
  return target;
}

const Target &Target::native() {
  static const Target target = [] {
    Target native;
    native.cpu_ = llvm::sys::getHostCPUName().str();
    std::set<std::string> expected = featuresOf(native.cpu_), found;
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      if (feature.second && isOfInterest(feature.first()))
        found.insert(feature.first().str());
    // What only the table knows (features the host's list has no bit for) is kept; what the host denies is not.
    auto host = llvm::sys::getHostCPUFeatures();
    for (const std::string &name : expected) {
      auto entry = host.find(name);
      if (entry == host.end())
        found.insert(name);
      else if (!entry->second)
        native.adjustments_.push_back("-" + name);
    }
    for (const std::string &name : found)
      if (!expected.contains(name))
        native.adjustments_.push_back("+" + name);
    native.features_.assign(found.begin(), found.end());
    return native;
  }();
  return target;
}

bool Target::has(std::string_view feature) const {
  return std::binary_search(features_.begin(), features_.end(), feature);
}

unsigned Target::vectorBytes() const { return has("avx512f") ? 64 : has("avx") ? 32 : 16; }

std::string Target::fingerprint() const {
  std::string text = print();
  for (const std::string &adjustment : adjustments_)
    text += " " + adjustment;
  return text;
}

} // namespace lathe
