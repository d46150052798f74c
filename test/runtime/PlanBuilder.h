// Small artifacts for tests: plans put together call by call, code compiled from C by the system's compiler.
#pragma once

#include "runtime/ContentHash.h"
#include "runtime/artifact.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

namespace lathe {

/// Expressions, buffers and so on are named by the index that the function which adds them returns.
class PlanBuilder {
public:
  using Index = uint32_t;

  Index name(const std::string &text) {
    Index at = Index(strings.size());
    strings.insert(strings.end(), text.c_str(), text.c_str() + text.size() + 1);
    return at;
  }
  Index symbol(const std::string &text) {
    symbols.push_back(name(text));
    return postfix({{LATHE_EXPR_SYMBOL, 0, int64_t(symbols.size() - 1)}});
  }
  Index constant(int64_t value) { return postfix({{LATHE_EXPR_CONSTANT, 0, value}}); }
  Index binary(LatheOpcode opcode, Index left, Index right) {
    std::vector<LatheOperation> code;
    for (Index side : {left, right}) {
      LatheSpan span = expressions[side].operations;
      code.insert(code.end(), operations.begin() + span.first, operations.begin() + span.first + span.count);
    }
    code.push_back({uint32_t(opcode), 0, 0});
    return postfix(code);
  }
  Index mul(Index left, Index right) { return binary(LATHE_EXPR_MUL, left, right); }
  Index add(Index left, Index right) { return binary(LATHE_EXPR_ADD, left, right); }

  Index postfix(const std::vector<LatheOperation> &code) {
    expressions.push_back({{uint32_t(operations.size()), uint32_t(code.size())}});
    operations.insert(operations.end(), code.begin(), code.end());
    return Index(expressions.size() - 1);
  }
  LatheSpan list(const std::vector<Index> &items) {
    LatheSpan span{uint32_t(indices.size()), uint32_t(items.size())};
    indices.insert(indices.end(), items.begin(), items.end());
    return span;
  }
  /// A buffer of 4-byte (8-byte, bool) elements whose bytes follow from its dimensions.
  Index buffer(const std::string &text, LatheArena arena, LatheType type, const std::vector<Index> &dims,
               Index offset = LATHE_NONE, Index weight = LATHE_NONE) {
    Index bytes = constant(type == LATHE_I64 || type == LATHE_F64 ? 8 : type == LATHE_BOOL ? 1 : 4);
    for (Index dim : dims)
      bytes = mul(bytes, dim);
    buffers.push_back({name(text), uint32_t(arena), uint32_t(type), weight, list(dims), offset, bytes, 0, 0});
    return Index(buffers.size() - 1);
  }
  Index kernel(const std::string &entry) {
    kernels.push_back({name(entry), LATHE_NONE});
    return Index(kernels.size() - 1);
  }
  Index launch(Index kernelIndex, const std::vector<Index> &operands, const std::vector<Index> &params, Index grid,
               Index scratch = LATHE_NONE, Index condition = LATHE_NONE) {
    launches.push_back({kernelIndex, LATHE_NONE, list(operands), list(params), grid, scratch, condition, LATHE_NONE,
                        LatheSpan{0, 0}});
    return Index(launches.size() - 1);
  }
  /// A function of all launches from `firstLaunch` on.
  void function(const std::string &text, const std::vector<Index> &inputs, const std::vector<Index> &outputs,
                Index scratchBytes, Index stateBytes, uint32_t firstLaunch = 0) {
    functions.push_back({name(text),
                         scratchBytes,
                         stateBytes,
                         0,
                         list(inputs),
                         list(outputs),
                         {firstLaunch, uint32_t(launches.size()) - firstLaunch},
                         {0, 0}});
  }
  /// Ends a stage of the function that is made next: the launches since the last one, then these steps.
  void stage(const std::vector<LatheStep> &own, Index scratchBytes, uint32_t pool = 0) {
    uint32_t first = stages.empty() ? 0 : stages.back().launches.first + stages.back().launches.count;
    stages.push_back({{first, uint32_t(launches.size()) - first},
                      {uint32_t(steps.size()), uint32_t(own.size())},
                      pool,
                      scratchBytes});
    steps.insert(steps.end(), own.begin(), own.end());
  }
  /// Gives the last function all stages from `firstStage` on.
  void staged(uint32_t pools, uint32_t firstStage = 0) {
    functions.back().pools = pools;
    functions.back().stages = {firstStage, uint32_t(stages.size()) - firstStage};
  }
  static LatheStep size(uint32_t symbolNumber, Index value) {
    return {LATHE_STEP_SIZE, LATHE_NONE, symbolNumber, value, LATHE_NONE, 0, {LATHE_NONE, LATHE_NONE}, {0, 0}, {0, 0}};
  }

  std::string planBytes() const {
    LathePlanHeader header{};
    std::string out(sizeof header, '\0');
    auto put = [&](LatheArray &array, const auto &items) {
      array = {out.size(), items.size()};
      out.append(reinterpret_cast<const char *>(items.data()), items.size() * sizeof(items[0]));
      out.resize((out.size() + 7) / 8 * 8);
    };
    put(header.strings, strings);
    put(header.symbols, symbols);
    put(header.expressions, expressions);
    put(header.operations, operations);
    put(header.indices, indices);
    put(header.buffers, buffers);
    put(header.weights, weights);
    put(header.pieces, pieces);
    put(header.files, files);
    put(header.kernels, kernels);
    put(header.launches, launches);
    put(header.functions, functions);
    put(header.stages, stages);
    put(header.steps, steps);
    std::memcpy(out.data(), &header, sizeof header);
    return out;
  }

  std::vector<char> strings;
  std::vector<uint32_t> symbols, indices, files;
  std::vector<LatheExpression> expressions;
  std::vector<LatheOperation> operations;
  std::vector<LatheBuffer> buffers;
  std::vector<LatheWeight> weights;
  std::vector<LatheWeightPiece> pieces;
  std::vector<LatheKernel> kernels;
  std::vector<LatheLaunch> launches;
  std::vector<LatheFunction> functions;
  std::vector<LatheStage> stages;
  std::vector<LatheStep> steps;
};

struct TestSection {
  LatheSectionKind kind;
  std::string name, bytes;
};

/// The bytes of a .lathe file.
inline std::string artifactBytes(const std::vector<TestSection> &sections) {
  auto hash = [](std::string_view text) { return contentHash(std::as_bytes(std::span(text))); };
  std::vector<LatheSection> table(sections.size());
  std::string body;
  size_t start = sizeof(LatheFileHeader) + sections.size() * sizeof(LatheSection);
  for (size_t i = 0; i < sections.size(); ++i) {
    body.resize((start + body.size() + 4095) / 4096 * 4096 - start);
    table[i] = {uint32_t(sections[i].kind), 0, start + body.size(), sections[i].bytes.size(),
                hash(sections[i].bytes),    {}};
    std::strncpy(table[i].name, sections[i].name.c_str(), sizeof table[i].name - 1);
    body += sections[i].bytes;
  }
  std::string tableBytes(reinterpret_cast<const char *>(table.data()), table.size() * sizeof(LatheSection));
  LatheFileHeader header{{}, LATHE_ARTIFACT_VERSION, uint32_t(sections.size()), start + body.size(), hash(tableBytes)};
  std::memcpy(header.magic, LATHE_ARTIFACT_MAGIC, 8);
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + tableBytes + body;
}

inline std::string readTestFile(const std::string &path) {
  std::string bytes;
  if (FILE *file = std::fopen(path.c_str(), "rb")) {
    char buffer[65536];
    for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
      bytes.append(buffer, got);
    std::fclose(file);
  }
  return bytes;
}

inline void writeTestFile(const std::string &path, const std::string &bytes) {
  FILE *file = std::fopen(path.c_str(), "wb");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

/// A folder that goes away with the object.
struct TestFolder {
  std::string path = [] {
    char name[] = "/tmp/lathe-test-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  ~TestFolder() { (void)!std::system(("rm -rf '" + path + "'").c_str()); }
};

/// The shared object that `source` (C) compiles to; empty where there is no C compiler.
inline std::string compileTestCode(const std::string &source) {
  TestFolder folder;
  std::string input = folder.path + "/kernels.c", output = folder.path + "/kernels.so";
  writeTestFile(input, "#include <stdint.h>\n#include <string.h>\n"
                       "typedef struct { void *const *buffers; const int64_t *params; void *threadScratch; uint64_t "
                       "serial; } Context;\n" +
                           source);
  std::string command =
      LATHE_C_COMPILER " -O1 -fPIC -shared -o " + output + " " + input + " 2>" + folder.path + "/log";
  return std::system(command.c_str()) == 0 ? readTestFile(output) : std::string();
}

} // namespace lathe
