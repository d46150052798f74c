// Sequences of a language model over the function "step" (docs/architecture.md): a paged KV cache, prompts in chunks,
// and steps over any number of sequences. Relies on Session and PagePool.
#pragma once

#include "runtime/AlignedVector.h"
#include "runtime/PagePool.h"
#include "runtime/Session.h"

#include <map>

namespace lathe {

struct DecoderOptions {
  /// Positions a sequence may have; at most what the model was trained for. 0: as many as the model was trained for, or
  /// as fit into memory.
  uint32_t contextSize = 0;
  uint32_t sequences = 1;    ///< the cache has room for so many sequences of full length
  uint32_t stepTokens = 512; ///< the most tokens in one step: longer prompts are fed in chunks of this
};

/// One caller at a time. Sequences are named by numbers that are not used again.
class Decoder {
public:
  static Result<std::unique_ptr<Decoder>> create(std::shared_ptr<const LoadedModel> model,
                                                 std::shared_ptr<ThreadPool> pool, const DecoderOptions &options);

  const LoadedModel &model() const { return session_.model(); }
  Session &session() { return session_; }
  uint32_t contextSize() const { return contextSize_; }
  uint32_t vocabulary() const { return vocabulary_; }
  uint32_t stepTokens() const { return stepTokens_; }

  /// Whether the model is an encoder-decoder: every sequence then needs a source before its first step.
  bool readsSource() const { return encode_ != nullptr; }
  /// Encodes the source of a sequence that has neither tokens nor a source yet; it stays until the sequence is removed.
  Status setSource(uint64_t sequence, std::span<const int32_t> tokens);

  /// An empty sequence; it takes pages as it grows.
  uint64_t addSequence();
  void removeSequence(uint64_t sequence);
  /// Positions a sequence has; 0 for one that does not exist.
  uint32_t length(uint64_t sequence) const;
  /// Forgets the positions from `length` on. Does nothing to a shorter sequence.
  void truncate(uint64_t sequence, uint32_t length);

  /// The next tokens of one sequence. The logits of its last `wanted` tokens are computed.
  struct Part {
    uint64_t sequence;
    std::span<const int32_t> tokens;
    uint32_t wanted = 1;
  };
  /// Appends the tokens of every part (each sequence at most once, together at most `stepTokens()`) and computes the
  /// wanted logits. On failure no sequence has changed; the message gives both numbers where a limit is passed.
  Status step(std::span<const Part> parts);
  /// Appends any number of tokens in chunks; the logits of the last one are computed. Checks first that all fit.
  /// `cancel` is looked at between chunks: true ends early, with the positions so far, `cancelled()` and no logits.
  Status feed(uint64_t sequence, std::span<const int32_t> tokens, const std::atomic<bool> *cancel = nullptr);
  bool cancelled() const { return cancelled_; }

  /// Rows of logits that the last step computed: those of the first part in order, then of the next.
  uint32_t rows() const { return rows_; }
  std::span<const float> logits(uint32_t row) const {
    return {logits_.data() + uint64_t(row) * vocabulary_, size_t(vocabulary_)};
  }

private:
  struct Sequence {
    std::vector<uint32_t> pages;
    uint32_t length = 0;
    std::vector<uint32_t> sourcePages;
    uint32_t sourceLength = 0;
  };

  Decoder(std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool);
  Status bind();
  Status bindSource();                    // DecoderSource.cpp, as the next
  void releaseSource(Sequence &sequence);
  Status allocateCache(const DecoderOptions &options);
  std::vector<int64_t> symbolValues(int64_t tokens, int64_t sequences, int64_t blocks, int64_t outputs,
                                    int64_t sourceBlocks) const;
  Status fits(const Sequence &sequence, uint64_t tokens) const;
  Status check(std::span<const Part> parts) const;
  Status growPages(std::span<const Part> parts);
  void fillInputs(std::span<const Part> parts, uint32_t blocks, uint32_t sourceBlocks);

  Session session_;
  const LatheFunction *function_ = nullptr, *encode_ = nullptr;
  enum Input { TokenIds, Positions, Sequences, BlockTable, OutputRows, SourceLast, SourceTable, inputCount };
  uint32_t inputOrder_[inputCount] = {}; // the plan's input number of each
  uint32_t encodeOrder_[4] = {};         // the same of encode
  enum Symbol { Tokens, SequenceCount, Blocks, Outputs, Pages, SourceBlocks, SourcePages, SourceTokens, symbolCount };
  uint32_t symbols_[symbolCount] = {}; // numbers of the plan's symbols

  uint32_t contextSize_ = 0, vocabulary_ = 0, stepTokens_ = 0, pageTokens_ = 64, tokenLimit_ = 0;
  PagePool pages_{0}, sourcePages_{0};
  std::map<uint64_t, Sequence> sequences_;
  uint64_t nextSequence_ = 0;

  AlignedVector<int32_t> inputs_[inputCount];
  AlignedVector<float> logits_;
  uint32_t rows_ = 0;
  bool cancelled_ = false;
};

} // namespace lathe
