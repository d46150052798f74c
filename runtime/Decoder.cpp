// See Decoder.h.
#include "runtime/Decoder.h"

#include "runtime/Memory.h"

#include <algorithm>
#include <set>

namespace lathe {

namespace {

constexpr uint32_t unknownContext = 2048; // for models that do not say how long a text may be

std::string inputList(const Plan &plan, const LatheFunction &function) {
  std::string text;
  for (uint32_t index : plan.list(function.inputs))
    text += (text.empty() ? "" : ", ") + std::string(plan.string(plan.buffers[index].name));
  return text;
}

} // namespace

Decoder::Decoder(std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool)
    : session_(std::move(model), std::move(pool)) {}

Result<std::unique_ptr<Decoder>> Decoder::create(std::shared_ptr<const LoadedModel> model,
                                                 std::shared_ptr<ThreadPool> pool, const DecoderOptions &options) {
  std::unique_ptr<Decoder> decoder(new Decoder(std::move(model), std::move(pool)));
  const std::string &path = decoder->model().artifact().path();
  if (Status status = decoder->bind(); !status)
    return Status::failure(path + ": " + status.message());
  if (Status status = decoder->allocateCache(options); !status)
    return Status::failure(path + ": " + status.message());
  return decoder;
}

/// Finds inputs and symbols of "step" by name.
Status Decoder::bind() {
  const Plan &plan = model().plan();
  function_ = plan.function("step");
  if (!function_)
    return Status::failure("has no step function: the model is no decoder, or was compiled without a cache; lathe exec "
                           "evaluates it");
  encode_ = plan.function("encode");
  uint32_t wanted = encode_ ? inputCount : SourceLast;
  static const char *const inputNames[] = {"token_ids",   "positions",   "sequences",   "block_table",
                                           "output_rows", "source_last", "source_table"};
  static const char *const symbolNames[] = {"tokens", "sequences",     "blocks",       "outputs",
                                            "pages",  "source_blocks", "source_pages", "source_tokens"};
  auto inputs = plan.list(function_->inputs);
  for (uint32_t i = 0; i < wanted; ++i) {
    auto found = std::ranges::find_if(inputs, [&](uint32_t index) {
      return plan.string(plan.buffers[index].name) == inputNames[i] && plan.buffers[index].type == LATHE_I32;
    });
    if (found == inputs.end())
      return Status::failure(std::string("the step function has no input '") + inputNames[i] + "' of type I32, but " +
                             inputList(plan, *function_));
    inputOrder_[i] = uint32_t(found - inputs.begin());
  }
  for (uint32_t i = 0; i < symbolCount; ++i)
    symbols_[i] = plan.symbol(symbolNames[i]); // LATHE_NONE where nothing depends on it
  if (inputs.size() != wanted || function_->outputs.count != 1)
    return Status::failure("the step function has " + std::to_string(inputs.size()) + " inputs and " +
                           std::to_string(function_->outputs.count) + " outputs instead of " +
                           std::to_string(wanted) + " and 1");
  return encode_ ? bindSource() : Status::success();
}

std::vector<int64_t> Decoder::symbolValues(int64_t tokens, int64_t sequences, int64_t blocks, int64_t outputs,
                                           int64_t sourceBlocks) const {
  std::vector<int64_t> values(model().plan().symbols.size(), 0);
  const int64_t numbers[] = {tokens, sequences, blocks, outputs, int64_t(pages_.size()), sourceBlocks,
                             int64_t(sourcePages_.size()), 0};
  for (uint32_t i = 0; i < symbolCount; ++i)
    if (symbols_[i] != LATHE_NONE)
      values[symbols_[i]] = numbers[i];
  return values;
}

Status Decoder::allocateCache(const DecoderOptions &options) {
  const Metadata &metadata = model().metadata();
  pageTokens_ = metadata.pageTokens;
  stepTokens_ = std::max(options.stepTokens, 1u);
  uint32_t trained = metadata.contextLength ? metadata.contextLength : unknownContext;
  bool asked = options.contextSize != 0;
  contextSize_ = asked && (options.contextSize < trained || !metadata.contextLength) ? options.contextSize : trained;
  for (;; contextSize_ = contextSize_ / 2) {
    uint64_t pages = (uint64_t(contextSize_) + pageTokens_ - 1) / pageTokens_ * std::max(options.sequences, 1u);
    if (pages > INT32_MAX)
      return Status::failure("a context of " + std::to_string(contextSize_) + " tokens for " +
                             std::to_string(options.sequences) + " sequences needs too many pages");
    pages_ = PagePool(uint32_t(pages));
    sourcePages_ = PagePool(encode_ ? uint32_t(pages) : 0);
    auto shape = session_.shape(*function_, symbolValues(1, 1, 1, 1, 1));
    if (!shape)
      return shape.status();
    uint64_t bytes = (*shape)->stateBytes;
    if (!asked && contextSize_ > 512 && bytes > availableMemory() / 2)
      continue;
    const TensorShape &logits = (*shape)->outputs[0];
    if (logits.type != LATHE_F32 || logits.dims.size() != 2 || logits.dims[0] != 1 || logits.dims[1] < 1 ||
        logits.dims[1] > INT32_MAX)
      return Status::failure("the step function's logits are not (outputs, vocabulary) F32");
    vocabulary_ = uint32_t(logits.dims[1]);
    tokenLimit_ = metadata.vocabulary ? std::min(metadata.vocabulary, vocabulary_) : vocabulary_;
    std::string hint = "a smaller context (-c, now " + std::to_string(contextSize_) + " tokens for " +
                       std::to_string(options.sequences) + (options.sequences == 1 ? " sequence" : " sequences") +
                       ") needs less";
    return session_.reserveState(bytes, hint);
  }
}

uint64_t Decoder::addSequence() {
  sequences_[nextSequence_];
  return nextSequence_++;
}

void Decoder::removeSequence(uint64_t sequence) {
  truncate(sequence, 0);
  if (auto found = sequences_.find(sequence); found != sequences_.end())
    releaseSource(found->second);
  sequences_.erase(sequence);
}

uint32_t Decoder::length(uint64_t sequence) const {
  auto found = sequences_.find(sequence);
  return found == sequences_.end() ? 0 : found->second.length;
}

void Decoder::truncate(uint64_t sequence, uint32_t length) {
  auto found = sequences_.find(sequence);
  if (found == sequences_.end() || length >= found->second.length)
    return;
  Sequence &entry = found->second;
  entry.length = length;
  size_t keep = (size_t(length) + pageTokens_ - 1) / pageTokens_;
  while (entry.pages.size() > keep) {
    pages_.release(entry.pages.back());
    entry.pages.pop_back();
  }
}

Status Decoder::fits(const Sequence &sequence, uint64_t tokens) const {
  if (tokens <= contextSize_ - sequence.length)
    return Status::success();
  std::string message = sequence.length == 0
                            ? "the prompt has " + std::to_string(tokens) + " tokens"
                            : std::to_string(tokens) + " tokens after " + std::to_string(sequence.length) + " make " +
                                  std::to_string(tokens + sequence.length);
  message += ", the context holds " + std::to_string(contextSize_);
  uint32_t trained = model().metadata().contextLength;
  if (trained == 0 || contextSize_ < trained)
    message += "; a larger one can be asked for (-c" + (trained ? ", at most " + std::to_string(trained) : "") + ")";
  return Status::failure(message);
}

Status Decoder::check(std::span<const Part> parts) const {
  uint64_t total = 0;
  std::set<uint64_t> seen;
  for (const Part &part : parts) {
    auto found = sequences_.find(part.sequence);
    if (found == sequences_.end())
      return Status::failure("there is no sequence " + std::to_string(part.sequence));
    if (encode_ && !found->second.sourceLength)
      return Status::failure("sequence " + std::to_string(part.sequence) +
                             " has no source, and the model is an encoder-decoder");
    if (!seen.insert(part.sequence).second)
      return Status::failure("sequence " + std::to_string(part.sequence) + " is twice in one step");
    if (part.tokens.empty() || part.wanted > part.tokens.size())
      return Status::failure("a step of " + std::to_string(part.tokens.size()) + " tokens and " +
                             std::to_string(part.wanted) + " rows of logits of them");
    if (Status status = fits(found->second, part.tokens.size()); !status)
      return status;
    for (int32_t token : part.tokens)
      if (token < 0 || uint32_t(token) >= tokenLimit_)
        return Status::failure("token " + std::to_string(token) + " is outside the vocabulary of " +
                               std::to_string(tokenLimit_));
    total += part.tokens.size();
  }
  if (total == 0 || total > stepTokens_)
    return Status::failure("a step of " + std::to_string(total) + " tokens; it takes 1 to " +
                           std::to_string(stepTokens_));
  return Status::success();
}

/// Takes the pages that the step needs, or none.
Status Decoder::growPages(std::span<const Part> parts) {
  uint64_t needed = 0;
  auto pagesAfter = [&](const Sequence &sequence, const Part &part) {
    return (sequence.length + part.tokens.size() + pageTokens_ - 1) / pageTokens_;
  };
  for (const Part &part : parts) {
    const Sequence &sequence = sequences_[part.sequence];
    needed += pagesAfter(sequence, part) - std::min(sequence.pages.size(), pagesAfter(sequence, part));
  }
  if (needed > pages_.available())
    return Status::failure("the KV cache is full: the step needs " + std::to_string(needed) + " more pages of " +
                           std::to_string(pageTokens_) + " tokens, " + std::to_string(pages_.available()) + " of " +
                           std::to_string(pages_.size()) + " are free");
  for (const Part &part : parts) {
    Sequence &sequence = sequences_[part.sequence];
    while (sequence.pages.size() < pagesAfter(sequence, part))
      sequence.pages.push_back(pages_.take());
  }
  return Status::success();
}

void Decoder::fillInputs(std::span<const Part> parts, uint32_t blocks, uint32_t sourceBlocks) {
  for (auto &input : inputs_)
    input.clear();
  for (uint32_t row = 0; row < parts.size(); ++row) {
    const Part &part = parts[row];
    const Sequence &sequence = sequences_[part.sequence];
    for (size_t i = 0; i < part.tokens.size(); ++i) {
      if (part.tokens.size() - i <= part.wanted)
        inputs_[OutputRows].push_back(int32_t(inputs_[TokenIds].size()));
      inputs_[TokenIds].push_back(part.tokens[i]);
      inputs_[Positions].push_back(int32_t(sequence.length + i));
      inputs_[Sequences].push_back(int32_t(row));
      if (encode_)
        inputs_[SourceLast].push_back(int32_t(sequence.sourceLength) - 1);
    }
    for (uint32_t block = 0; block < sourceBlocks; ++block)
      inputs_[SourceTable].push_back(block < sequence.sourcePages.size() ? int32_t(sequence.sourcePages[block]) : 0);
    for (uint32_t block = 0; block < blocks; ++block)
      inputs_[BlockTable].push_back(block < sequence.pages.size() ? int32_t(sequence.pages[block]) : 0);
  }
}

Status Decoder::step(std::span<const Part> parts) {
  rows_ = 0;
  if (Status status = check(parts); !status)
    return status;
  if (Status status = growPages(parts); !status)
    return status;
  uint32_t blocks = 1, sourceBlocks = encode_ ? 1 : 0;
  for (const Part &part : parts) {
    uint64_t length = sequences_[part.sequence].length + part.tokens.size();
    blocks = std::max(blocks, uint32_t((length + pageTokens_ - 1) / pageTokens_));
    sourceBlocks = std::max(sourceBlocks, uint32_t(sequences_[part.sequence].sourcePages.size()));
  }
  fillInputs(parts, blocks, sourceBlocks);
  uint32_t outputs = uint32_t(inputs_[OutputRows].size());
  auto shape = session_.shape(*function_,
                              symbolValues(int64_t(inputs_[TokenIds].size()), int64_t(parts.size()), blocks, outputs,
                                           sourceBlocks));
  if (!shape)
    return shape.status();
  uint64_t logitCount = uint64_t(outputs) * vocabulary_;
  if (logits_.size() < logitCount) {
    if (logitCount * sizeof(float) > availableMemory())
      return Status::failure("the logits of " + std::to_string(outputs) + " tokens need " +
                             printBytes(logitCount * sizeof(float)) + "; take fewer tokens in a step");
    logits_.resize(logitCount);
  }
  BufferView views[inputCount];
  uint32_t wanted = encode_ ? inputCount : SourceLast;
  for (uint32_t i = 0; i < wanted; ++i)
    views[inputOrder_[i]] = {inputs_[i].data(), inputs_[i].size() * sizeof(int32_t)};
  BufferView logits{logits_.data(), logits_.size() * sizeof(float)};
  if (Status status = session_.run(**shape, {views, wanted}, {&logits, 1}); !status)
    return status;
  for (const Part &part : parts)
    sequences_[part.sequence].length += uint32_t(part.tokens.size());
  rows_ = outputs;
  return Status::success();
}

Status Decoder::feed(uint64_t sequence, std::span<const int32_t> tokens, const std::atomic<bool> *cancel) {
  cancelled_ = false;
  auto found = sequences_.find(sequence);
  if (found == sequences_.end())
    return Status::failure("there is no sequence " + std::to_string(sequence));
  if (Status status = fits(found->second, tokens.size()); !status)
    return status;
  while (!tokens.empty()) {
    size_t count = std::min<size_t>(tokens.size(), stepTokens_);
    Part part{sequence, tokens.first(count), count == tokens.size() ? 1u : 0u};
    if (Status status = step({&part, 1}); !status)
      return status;
    tokens = tokens.subspan(count);
    if (!tokens.empty() && cancel && cancel->load(std::memory_order_relaxed)) {
      cancelled_ = true;
      return Status::success();
    }
  }
  return Status::success();
}

} // namespace lathe
