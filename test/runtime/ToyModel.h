// A decoder small enough to check by hand, with real paging: token p + 1 follows from all tokens up to p by a formula
// that tests compute themselves.
#pragma once

#include "runtime/Artifact.h"
#include "runtime/tokenizer/TokenizerSpec.h"
#include "test/runtime/PlanBuilder.h"

#include <memory>

namespace lathe::toy {

constexpr int64_t vocabulary = 97;

/// The most probable token after `tokens`: the sum of token * (position + 1), modulo the vocabulary. Others get less
/// logit the further above it they are.
inline int32_t next(const std::vector<int32_t> &tokens) {
  int64_t sum = 0;
  for (size_t p = 0; p < tokens.size(); ++p)
    sum += int64_t(tokens[p]) * int64_t(p + 1);
  return int32_t(sum % vocabulary);
}

inline const char *source = R"(
static int32_t *entry(int32_t *cache, const int32_t *table, int64_t blocks, int32_t sequence, int32_t position) {
  return cache + table[sequence * blocks + position / 64] * 64 + position % 64;
}
void toy_append(const Context *c, int64_t begin, int64_t end) {
  const int32_t *tokens = c->buffers[0], *positions = c->buffers[1], *sequences = c->buffers[2], *table = c->buffers[3];
  for (int64_t i = begin; i < end; ++i)
    *entry(c->buffers[4], table, c->params[0], sequences[i], positions[i]) = tokens[i];
}
void toy_logits(const Context *c, int64_t begin, int64_t end) {
  const int32_t *positions = c->buffers[0], *sequences = c->buffers[1], *table = c->buffers[2], *rows = c->buffers[3];
  int64_t blocks = c->params[0], vocabulary = c->params[1];
  for (int64_t o = begin; o < end; ++o) {
    int32_t token = rows[o];
    int64_t sum = 0;
    for (int32_t p = 0; p <= positions[token]; ++p)
      sum += (int64_t)*entry(c->buffers[4], table, blocks, sequences[token], p) * (p + 1);
    float *logits = (float *)c->buffers[5] + o * vocabulary;
    for (int64_t v = 0; v < vocabulary; ++v)
      logits[v] = -(float)((v + vocabulary - sum % vocabulary) % vocabulary);
  }
}
)";

inline PlanBuilder plan() {
  PlanBuilder b;
  auto tokens = b.symbol("tokens"), sequences = b.symbol("sequences"), blocks = b.symbol("blocks"),
       outputs = b.symbol("outputs"), pages = b.symbol("pages");
  auto words = b.constant(vocabulary), zero = b.constant(0), page = b.constant(64);
  auto ids = b.buffer("token_ids", LATHE_ARENA_INPUT, LATHE_I32, {tokens});
  auto positions = b.buffer("positions", LATHE_ARENA_INPUT, LATHE_I32, {tokens});
  auto rows = b.buffer("sequences", LATHE_ARENA_INPUT, LATHE_I32, {tokens});
  auto table = b.buffer("block_table", LATHE_ARENA_INPUT, LATHE_I32, {sequences, blocks});
  auto wanted = b.buffer("output_rows", LATHE_ARENA_INPUT, LATHE_I32, {outputs});
  auto logits = b.buffer("logits", LATHE_ARENA_OUTPUT, LATHE_F32, {outputs, words});
  auto cache = b.buffer("cache", LATHE_ARENA_STATE, LATHE_I32, {pages, page}, zero);
  b.launch(b.kernel("toy_append"), {ids, positions, rows, table, cache}, {blocks}, tokens);
  b.launch(b.kernel("toy_logits"), {positions, rows, table, wanted, cache, logits}, {blocks, words}, outputs);
  b.function("step", {ids, positions, rows, table, wanted}, {logits}, zero, b.mul(pages, b.constant(256)));
  return b;
}

/// Token i is the printable ASCII character 32 + i; then the newline and the end token.
constexpr int32_t newline = 95, end = 96;
inline TokenizerSpec tokenizer() {
  TokenizerSpec spec;
  for (int32_t i = 0; i < 95; ++i)
    spec.addPiece(std::string(1, char(32 + i)), TokenType::Normal);
  spec.addPiece("\n", TokenType::Normal);
  spec.addPiece("<end>", TokenType::Control);
  spec.addedTokens.push_back({end, AddedSpecial});
  spec.eos = end;
  spec.endIds = {end};
  spec.chatTemplate = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt "
                      "%}assistant: {% endif %}";
  return spec;
}
inline std::vector<int32_t> idsOf(std::string_view text) {
  std::vector<int32_t> ids;
  for (char c : text)
    ids.push_back(c == '\n' ? newline : c - 32);
  return ids;
}
inline std::string textOf(const std::vector<int32_t> &ids) {
  std::string text;
  for (int32_t id : ids)
    text += id == newline ? '\n' : char(32 + id);
  return text;
}

/// The file; empty without a C compiler. `context` positions.
inline std::string bytes(int context = 1000, const std::string &extraMetadata = "", bool withTokenizer = false) {
  std::string code = compileTestCode(source);
  if (code.empty())
    return {};
  std::vector<TestSection> sections = {
      {LATHE_SECTION_METADATA, "",
       "{\"name\":\"toy\",\"context_length\":" + std::to_string(context) +
           ",\"vocabulary\":97,\"page_tokens\":64,\"targets\":{\"cpu:x86-64\":[\"sse2\"]}" + extraMetadata + "}"},
      {LATHE_SECTION_CODE, "cpu:x86-64", code},
      {LATHE_SECTION_PLAN, "", plan().planBytes()}};
  if (withTokenizer)
    sections.push_back({LATHE_SECTION_TOKENIZER, "", tokenizer().serialize()});
  return artifactBytes(sections);
}

} // namespace lathe::toy
