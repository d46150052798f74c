// libFuzzer: any bytes as a .lathe file. What a mutation breaks of magic, size and hashes is mended first, so that
// mutations get behind them. Code is never opened: it is a program, and not data from strangers.
#include "runtime/Artifact.h"
#include "runtime/ContentHash.h"
#include "runtime/Expression.h"
#include "runtime/Metadata.h"
#include "runtime/tokenizer/TokenizerSpec.h"

#include <cstring>

using namespace lathe;

static void mendHashes(std::vector<std::byte> &file) {
  LatheFileHeader header;
  if (file.size() < sizeof header)
    return;
  std::memcpy(&header, file.data(), sizeof header);
  std::memcpy(header.magic, LATHE_ARTIFACT_MAGIC, sizeof header.magic);
  header.version = LATHE_ARTIFACT_VERSION;
  header.fileSize = file.size();
  std::span<std::byte> table = std::span(file).subspan(sizeof header);
  uint64_t tableBytes = uint64_t(header.sectionCount) * sizeof(LatheSection);
  if (tableBytes <= table.size()) {
    table = table.first(tableBytes);
    for (size_t at = 0; at < table.size(); at += sizeof(LatheSection)) {
      LatheSection section;
      std::memcpy(&section, table.data() + at, sizeof section);
      if (section.offset > file.size() || section.size > file.size() - section.offset)
        continue;
      section.hash = contentHash(std::span(file).subspan(section.offset, section.size));
      std::memcpy(table.data() + at, &section, sizeof section);
    }
    header.tableHash = contentHash(table);
  }
  std::memcpy(file.data(), &header, sizeof header);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<std::byte> file(size);
  if (size)
    std::memcpy(file.data(), data, size);
  mendHashes(file);
  auto artifact = Artifact::fromBytes(file, "fuzz.lathe");
  if (!artifact)
    return 0;
  uint64_t sum = 0;
  for (const ArtifactSection &section : (*artifact)->sections())
    sum += section.bytes.empty() ? section.name.size() : uint64_t(section.bytes.back());
  (void)Metadata::parse((*artifact)->section(LATHE_SECTION_METADATA)).ok();
  auto tokenizer = (*artifact)->section(LATHE_SECTION_TOKENIZER);
  (void)TokenizerSpec::deserialize({reinterpret_cast<const char *>(tokenizer.data()), tokenizer.size()}).ok();
  volatile uint64_t keep = sum;
  (void)keep;
  return 0;
}
