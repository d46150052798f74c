// The source of a sequence of an encoder-decoder: the function "encode" (docs/architecture.md) reads it once and leaves in
// pages of their own what the decoder's steps read. Part of Decoder.h.
#include "runtime/Decoder.h"

#include <algorithm>

namespace lathe {

namespace {

const char *const inputNames[] = {"token_ids", "positions", "sequences", "block_table"};

} // namespace

Status Decoder::bindSource() {
  const Plan &plan = model().plan();
  auto inputs = plan.list(encode_->inputs);
  for (uint32_t i = 0; i < std::size(inputNames); ++i) {
    auto found = std::ranges::find_if(inputs, [&](uint32_t index) {
      return plan.string(plan.buffers[index].name) == inputNames[i] && plan.buffers[index].type == LATHE_I32;
    });
    if (found == inputs.end())
      return Status::failure(std::string("the encode function has no input '") + inputNames[i] + "' of type I32");
    encodeOrder_[i] = uint32_t(found - inputs.begin());
  }
  if (inputs.size() != std::size(inputNames) || encode_->outputs.count != 0)
    return Status::failure("the encode function has " + std::to_string(inputs.size()) + " inputs and " +
                           std::to_string(encode_->outputs.count) + " outputs instead of 4 and 0");
  return Status::success();
}

Status Decoder::setSource(uint64_t sequence, std::span<const int32_t> tokens) {
  auto found = sequences_.find(sequence);
  if (found == sequences_.end())
    return Status::failure("there is no sequence " + std::to_string(sequence));
  if (!encode_)
    return Status::failure("the model reads no source: it is no encoder-decoder");
  if (found->second.length || found->second.sourceLength)
    return Status::failure("sequence " + std::to_string(sequence) + " has a source or tokens already");
  if (tokens.empty())
    return Status::failure("the source is empty: there is no token to encode");
  if (tokens.size() > contextSize_)
    return Status::failure("the source has " + std::to_string(tokens.size()) + " tokens, the context holds " +
                           std::to_string(contextSize_) + " (-c)");
  for (int32_t token : tokens)
    if (token < 0 || uint32_t(token) >= tokenLimit_)
      return Status::failure("token " + std::to_string(token) + " is outside the vocabulary of " +
                             std::to_string(tokenLimit_));
  uint32_t blocks = uint32_t((tokens.size() + pageTokens_ - 1) / pageTokens_);
  if (blocks > sourcePages_.available())
    return Status::failure("the cache of sources is full: this one needs " + std::to_string(blocks) + " pages of " +
                           std::to_string(pageTokens_) + " tokens, " + std::to_string(sourcePages_.available()) +
                           " of " + std::to_string(sourcePages_.size()) + " are free");
  std::vector<int64_t> symbols(model().plan().symbols.size(), 0);
  const std::pair<Symbol, int64_t> numbers[] = {{SourceTokens, int64_t(tokens.size())},
                                                {SourceBlocks, blocks},
                                                {SourcePages, int64_t(sourcePages_.size())}};
  for (auto [symbol, value] : numbers)
    if (symbols_[symbol] != LATHE_NONE)
      symbols[symbols_[symbol]] = value;
  auto shape = session_.shape(*encode_, symbols);
  if (!shape)
    return shape.status();
  Sequence &entry = found->second;
  while (entry.sourcePages.size() < blocks)
    entry.sourcePages.push_back(sourcePages_.take());
  AlignedVector<int32_t> inputs[4];
  for (size_t i = 0; i < tokens.size(); ++i) {
    inputs[0].push_back(tokens[i]);
    inputs[1].push_back(int32_t(i));
    inputs[2].push_back(0);
  }
  for (uint32_t page : entry.sourcePages)
    inputs[3].push_back(int32_t(page));
  BufferView views[4];
  for (uint32_t i = 0; i < 4; ++i)
    views[encodeOrder_[i]] = {inputs[i].data(), inputs[i].size() * sizeof(int32_t)};
  if (Status status = session_.run(**shape, views, {}); !status) {
    releaseSource(entry);
    return status;
  }
  entry.sourceLength = uint32_t(tokens.size());
  return Status::success();
}

void Decoder::releaseSource(Sequence &sequence) {
  for (uint32_t page : sequence.sourcePages)
    sourcePages_.release(page);
  sequence.sourcePages.clear();
  sequence.sourceLength = 0;
}

} // namespace lathe
