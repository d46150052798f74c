// See Embedding.h. Sums are in double, over the tokens in order.
#include "runtime/Embedding.h"

#include "runtime/AlignedVector.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lathe {
namespace {

/// What each input of an encoder is filled with: 0, 1, or its position.
std::optional<int> fillOf(std::string_view name) {
  if (name == "attention_mask" || name == "input_mask")
    return 1;
  if (name == "token_type_ids" || name == "segment_ids")
    return 0;
  if (name == "position_ids")
    return 2;
  return std::nullopt;
}

template <class T> void fill(std::byte *out, int rule, std::span<const int32_t> ids) {
  for (size_t i = 0; i < ids.size(); ++i) {
    T value = T(rule < 0 ? ids[i] : rule == 2 ? int64_t(i) : rule);
    std::memcpy(out + i * sizeof(T), &value, sizeof(T));
  }
}

/// (tokens, size) -> (size).
std::vector<double> pool(const float *states, int64_t tokens, int64_t size, Pooling how) {
  auto row = [&](int64_t token) { return states + token * size; };
  if (how == Pooling::First || how == Pooling::Last) {
    const float *chosen = row(how == Pooling::First ? 0 : tokens - 1);
    return std::vector<double>(chosen, chosen + size);
  }
  std::vector<double> result(row(0), row(0) + size);
  for (int64_t token = 1; token < tokens; ++token)
    for (int64_t i = 0; i < size; ++i)
      result[i] = how == Pooling::Max ? std::max<double>(result[i], row(token)[i]) : result[i] + row(token)[i];
  double divisor = how == Pooling::Mean ? double(tokens) : how == Pooling::MeanRoot ? std::sqrt(double(tokens)) : 1.0;
  for (double &value : result)
    value /= divisor;
  return result;
}

} // namespace

std::optional<Pooling> poolingOf(std::string_view name) {
  static constexpr std::pair<std::string_view, Pooling> names[] = {{"mean", Pooling::Mean},
                                                                   {"mean_sqrt", Pooling::MeanRoot},
                                                                   {"max", Pooling::Max},
                                                                   {"cls", Pooling::First},
                                                                   {"last", Pooling::Last}};
  for (auto [known, pooling] : names)
    if (known == name)
      return pooling;
  return std::nullopt;
}

Result<std::unique_ptr<Embedder>> Embedder::create(std::shared_ptr<const LoadedModel> model,
                                                   std::shared_ptr<ThreadPool> pool,
                                                   std::shared_ptr<const Tokenizer> tokenizer,
                                                   const EmbeddingOptions &options) {
  const Plan &plan = model->plan();
  const Metadata &metadata = model->metadata();
  std::unique_ptr<Embedder> embedder(new Embedder(model, std::move(pool)));
  embedder->tokenizer_ = std::move(tokenizer);
  embedder->function_ = plan.function("forward");
  if (!embedder->function_)
    return Status::failure("the model holds no function 'forward', which embedding needs");
  bool takesIds = false;
  for (uint32_t index : plan.list(embedder->function_->inputs)) {
    const LatheBuffer &buffer = plan.buffers[index];
    std::string_view name = plan.string(buffer.name);
    bool isIds = name == "input_ids";
    takesIds |= isIds;
    bool fits = buffer.dims.count == 2 && (buffer.type == LATHE_I64 || buffer.type == LATHE_I32);
    if ((!isIds && !fillOf(name)) || !fits)
      return Status::failure("the model is no encoder of texts: it has the input '" + std::string(name) +
                             "'; embedding gives input_ids, attention_mask, token_type_ids and position_ids");
  }
  if (!takesIds)
    return Status::failure("the model is no encoder of texts: it has no input 'input_ids'");
  std::optional<size_t> hidden, sentence, only;
  size_t ofRankThree = 0, at = 0;
  for (uint32_t index : plan.list(embedder->function_->outputs)) {
    const LatheBuffer &buffer = plan.buffers[index];
    std::string_view name = plan.string(buffer.name);
    if (buffer.type == LATHE_F32 && name == "sentence_embedding" && buffer.dims.count == 2)
      sentence = at;
    if (buffer.type == LATHE_F32 && buffer.dims.count == 3) {
      ++ofRankThree;
      only = at;
      if (name == "last_hidden_state" || name == "token_embeddings")
        hidden = at;
    }
    ++at;
  }
  if (!hidden && ofRankThree == 1 && plan.string(plan.buffers[plan.list(embedder->function_->outputs)[*only]].name) != "logits")
    hidden = only;
  embedder->pooled_ = sentence && !options.pooling;
  if (!sentence && !hidden)
    return Status::failure("the model is no encoder of texts: it has no output 'last_hidden_state' or "
                           "'sentence_embedding' in f32");
  if (!hidden && !embedder->pooled_)
    return Status::failure("the model gives 'sentence_embedding' alone: its pooling cannot be another");
  embedder->output_ = embedder->pooled_ ? *sentence : *hidden;
  std::optional<Pooling> own = poolingOf(metadata.pooling);
  if (!metadata.pooling.empty() && !own && !options.pooling)
    return Status::failure("the model's pooling '" + metadata.pooling +
                           "' is not supported; supported: mean, mean_sqrt, max, cls, last");
  embedder->pooling_ = options.pooling.value_or(own.value_or(Pooling::Mean));
  embedder->normalize_ = options.normalize.value_or(metadata.normalize);
  embedder->truncate_ = options.truncate;
  embedder->longest_ = metadata.longestText ? metadata.longestText : metadata.contextLength;
  return embedder;
}

Result<std::vector<float>> Embedder::embed(std::string_view text) {
  if (!tokenizer_)
    return Status::failure("the model has no tokenizer, which a text needs");
  Result<std::vector<int32_t>> ids = tokenizer_->encode(text, true, false);
  if (!ids)
    return ids.status();
  size_t after = tokenizer_->spec().suffix.size(); // stays when a text is cut
  if (longest_ && ids->size() > longest_ && truncate_ && longest_ > after)
    ids->erase(ids->end() - static_cast<ptrdiff_t>(ids->size() - longest_ + after),
               ids->end() - static_cast<ptrdiff_t>(after));
  return embedTokens(*ids);
}

Result<std::vector<float>> Embedder::embedTokens(std::span<const int32_t> ids) {
  if (ids.empty())
    return Status::failure("there are no tokens to embed");
  if (longest_ && ids.size() > longest_)
    return Status::failure("the text has " + std::to_string(ids.size()) + " tokens, more than the " +
                           std::to_string(longest_) + " that the model takes; shorten it, or let it be truncated");
  const Plan &plan = session_.model().plan();
  std::vector<AlignedVector<std::byte>> memory;
  std::vector<BufferView> views;
  std::vector<std::vector<int64_t>> shapes;
  for (uint32_t index : plan.list(function_->inputs)) {
    const LatheBuffer &buffer = plan.buffers[index];
    int rule = fillOf(plan.string(buffer.name)).value_or(-1);
    bool wide = buffer.type == LATHE_I64;
    AlignedVector<std::byte> &bytes = memory.emplace_back(ids.size() * (wide ? 8 : 4));
    wide ? fill<int64_t>(bytes.data(), rule, ids) : fill<int32_t>(bytes.data(), rule, ids);
    views.push_back({bytes.data(), bytes.size()});
    shapes.push_back({1, static_cast<int64_t>(ids.size())});
  }
  Result<std::vector<OwnedTensor>> outputs = session_.evaluate(*function_, views, shapes);
  if (!outputs)
    return outputs.status();
  const OwnedTensor &output = (*outputs)[output_];
  int64_t size = output.dims.back(), tokens = pooled_ ? 1 : output.dims[1];
  if (output.dims[0] != 1 || tokens < 1 || size < 1)
    return Status::failure("the model gave no hidden states for " + std::to_string(ids.size()) + " tokens");
  const float *states = reinterpret_cast<const float *>(output.data.get());
  std::vector<double> vector = pool(states, tokens, size, pooled_ ? Pooling::First : pooling_);
  if (normalize_) {
    double square = 0;
    for (double value : vector)
      square += value * value;
    double length = std::max(std::sqrt(square), 1e-12);
    for (double &value : vector)
      value /= length;
  }
  return std::vector<float>(vector.begin(), vector.end());
}

} // namespace lathe
