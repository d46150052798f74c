// Writes first inputs for the fuzzers of the artifact's parts: WriteSeeds FOLDER fills FOLDER/<Fuzzer>/. Relies on the
// toy model of the runtime's tests.
#include "test/runtime/ToyModel.h"
#include "tools/npz/Npz.h"

#include <filesystem>
#include <fstream>

using namespace lathe;

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  auto write = [&](const char *fuzzer, const std::string &name, const std::string &bytes) {
    std::filesystem::path folder = std::filesystem::path(argv[1]) / fuzzer;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  std::string plan = toy::plan().planBytes(), tokenizer = toy::tokenizer().serialize();
  write("PlanFuzzer", "toy", plan);
  write("TokenizerSpecFuzzer", "toy", tokenizer);
  TokenizerSpec bpe;
  for (const char *piece : {"<unk>", "a", "b", "ab", " ", " ab"})
    bpe.addPiece(piece, TokenType::Normal);
  bpe.merges = {{1, 2, 3}, {4, 3, 5}};
  bpe.preTokenizers.push_back({PreTokenizerKind::Split, SplitBehavior::Isolated, false, false, " ?[a-z]+", ""});
  bpe.normalizers.push_back({NormalizerKind::Nfc, 0, "", ""});
  bpe.unknown = 0;
  write("TokenizerSpecFuzzer", "bpe", bpe.serialize());
  write("ArtifactFuzzer", "toy",
        artifactBytes({{LATHE_SECTION_PLAN, "", plan},
                       {LATHE_SECTION_TOKENIZER, "", tokenizer},
                       {LATHE_SECTION_METADATA, "", R"({"architecture":"toy","context_length":64,"eos_ids":[96]})"}}));

  std::vector<NpzArray> arrays(2);
  arrays[0] = {"in.x", LATHE_F32, {2, 3}, {}};
  arrays[0].data.resize(24);
  arrays[1] = {"out.y", LATHE_I64, {1}, {}};
  arrays[1].data.resize(8);
  std::filesystem::path folder = std::filesystem::path(argv[1]) / "NpzFuzzer";
  std::filesystem::create_directories(folder);
  return writeNpz((folder / "two").string(), arrays) ? 0 : 1;
}
