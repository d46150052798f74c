// The C API of lathe.h: models, sessions, steps and generation. Text: ApiText.cpp.
#include "runtime/ApiHandles.h"

using namespace lathe;

namespace {
thread_local std::string lastError;
}

lathe_status lathe::apiFailure(const std::string &message) {
  lastError = message;
  return LATHE_FAILED;
}

Result<SamplerOptions> lathe::apiSampling(const lathe_sampler_options &options) {
  SamplerOptions sampling;
  sampling.temperature = options.temperature;
  sampling.topK = options.top_k;
  sampling.topP = options.top_p;
  sampling.minP = options.min_p;
  sampling.seed = options.seed;
  sampling.penaltyWindow = options.penalty_window;
  sampling.repeatPenalty = options.repeat_penalty;
  sampling.frequencyPenalty = options.frequency_penalty;
  sampling.presencePenalty = options.presence_penalty;
  if (options.samplers) {
    auto chain = parseSamplers(options.samplers);
    if (!chain)
      return chain.status();
    sampling.chain = std::move(*chain);
  }
  sampling.typicalP = options.typical_p;
  sampling.topNSigma = options.top_n_sigma;
  sampling.xtcProbability = options.xtc_probability;
  sampling.xtcThreshold = options.xtc_threshold;
  sampling.dynatempRange = options.dynatemp_range;
  sampling.dynatempExponent = options.dynatemp_exponent;
  sampling.dryMultiplier = options.dry_multiplier;
  sampling.dryBase = options.dry_base;
  sampling.dryAllowedLength = options.dry_allowed_length;
  sampling.dryPenaltyLastN = options.dry_penalty_last_n;
  sampling.mirostat = options.mirostat;
  sampling.mirostatTau = options.mirostat_tau;
  sampling.mirostatEta = options.mirostat_eta;
  sampling.noRepeatNgram = options.no_repeat_ngram;
  sampling.minTokens = options.min_tokens;
  for (size_t i = 0; i < options.logit_bias_count; ++i)
    sampling.logitBias.emplace_back(options.logit_bias[i].token, options.logit_bias[i].bias);
  if (Status status = sampling.validate(); !status)
    return status;
  return sampling;
}

extern "C" {

const char *lathe_last_error(void) { return lastError.c_str(); }

lathe_status lathe_model_open(const char *path, lathe_model **model) {
  return apiCall([&] {
    auto opened = std::make_unique<lathe_model>();
    auto artifact = Artifact::open(path);
    if (!artifact)
      return apiStatus(artifact.status());
    opened->artifact = *artifact;
    auto bytes = (*artifact)->section(LATHE_SECTION_TOKENIZER);
    if (!bytes.empty()) {
      auto spec = TokenizerSpec::deserialize({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
      auto tokenizer = spec ? Tokenizer::create(std::move(*spec)) : spec.status();
      if (!tokenizer)
        return apiFailure(std::string(path) + ": " + tokenizer.message());
      opened->tokenizer = *tokenizer;
    }
    opened->pool = std::make_shared<ThreadPool>();
    auto loaded = LoadedModel::load(*artifact, opened->pool.get());
    if (!loaded)
      return apiStatus(loaded.status());
    opened->loaded = *loaded;
    *model = opened.release();
    return LATHE_OK;
  });
}

void lathe_model_free(lathe_model *model) { delete model; }
const char *lathe_model_name(const lathe_model *model) { return model->loaded->metadata().name.c_str(); }
uint32_t lathe_model_context_length(const lathe_model *model) { return model->loaded->metadata().contextLength; }
const char *lathe_model_metadata(const lathe_model *model, size_t *length) {
  auto bytes = model->artifact->section(LATHE_SECTION_METADATA);
  *length = bytes.size();
  return reinterpret_cast<const char *>(bytes.data());
}

lathe_status lathe_session_create(lathe_model *model, const lathe_session_options *options, lathe_session **session) {
  return apiCall([&] {
    lathe_session_options given = options ? *options : lathe_session_options{};
    auto pool = given.threads == 0 ? model->pool : std::make_shared<ThreadPool>(given.threads);
    DecoderOptions decoding;
    decoding.contextSize = given.context_size;
    decoding.sequences = std::max(given.sequences, 1u);
    if (given.step_tokens)
      decoding.stepTokens = given.step_tokens;
    auto decoder = Decoder::create(model->loaded, pool, decoding);
    if (!decoder)
      return apiStatus(decoder.status());
    *session = new lathe_session{std::make_shared<ApiSession>(*model, std::move(*decoder))};
    return LATHE_OK;
  });
}

void lathe_session_free(lathe_session *session) { delete session; }
uint32_t lathe_context_size(const lathe_session *session) { return session->shared->decoder->contextSize(); }
uint32_t lathe_vocabulary(const lathe_session *session) { return session->shared->decoder->vocabulary(); }

lathe_status lathe_sequence_create(lathe_session *session, lathe_sequence **sequence) {
  return apiCall([&] {
    *sequence = new lathe_sequence{session->shared, session->shared->decoder->addSequence(), {}};
    return LATHE_OK;
  });
}

void lathe_sequence_free(lathe_sequence *sequence) {
  if (sequence)
    sequence->shared->decoder->removeSequence(sequence->id);
  delete sequence;
}

uint32_t lathe_sequence_length(const lathe_sequence *sequence) {
  return sequence->shared->decoder->length(sequence->id);
}

void lathe_sequence_truncate(lathe_sequence *sequence, uint32_t length) {
  sequence->shared->decoder->truncate(sequence->id, length);
  if (sequence->history.size() > length)
    sequence->history.resize(length);
}

lathe_status lathe_feed(lathe_sequence *sequence, const int32_t *tokens, size_t count) {
  return apiCall([&] {
    std::vector<int32_t> history = sequence->history;
    history.insert(history.end(), tokens, tokens + count);
    Decoder &decoder = *sequence->shared->decoder;
    Status status = decoder.feed(sequence->id, std::span(history).subspan(decoder.length(sequence->id)));
    if (status)
      sequence->history = std::move(history);
    else
      history.resize(decoder.length(sequence->id)), sequence->history = std::move(history);
    return apiStatus(status);
  });
}

lathe_status lathe_step(lathe_session *session, const lathe_step_part *parts, size_t count) {
  return apiCall([&] {
    std::vector<Decoder::Part> steps;
    Decoder &decoder = *session->shared->decoder;
    for (size_t i = 0; i < count; ++i) {
      if (parts[i].sequence->shared != session->shared)
        return apiFailure("part " + std::to_string(i) + " is a sequence of another session");
      if (parts[i].sequence->history.size() > decoder.length(parts[i].sequence->id))
        return apiFailure("part " + std::to_string(i) +
                          " is a sequence with a generated token that waits; lathe_feed with "
                          "0 tokens feeds it");
      steps.push_back({parts[i].sequence->id, {parts[i].tokens, parts[i].count}, parts[i].logits});
    }
    if (Status status = decoder.step(steps); !status)
      return apiStatus(status);
    for (size_t i = 0; i < count; ++i)
      parts[i].sequence->history.insert(parts[i].sequence->history.end(), parts[i].tokens,
                                        parts[i].tokens + parts[i].count);
    return LATHE_OK;
  });
}

const float *lathe_logits(const lathe_session *session, uint32_t row) {
  const Decoder &decoder = *session->shared->decoder;
  return row < decoder.rows() ? decoder.logits(row).data() : nullptr;
}

lathe_sampler_options lathe_sampler_default_options(void) {
  SamplerOptions d;
  lathe_sampler_options options = {};
  options.temperature = d.temperature;
  options.top_k = d.topK;
  options.top_p = d.topP;
  options.min_p = d.minP;
  options.seed = d.seed;
  options.penalty_window = d.penaltyWindow;
  options.repeat_penalty = d.repeatPenalty;
  options.frequency_penalty = d.frequencyPenalty;
  options.presence_penalty = d.presencePenalty;
  options.typical_p = d.typicalP;
  options.top_n_sigma = d.topNSigma;
  options.xtc_probability = d.xtcProbability;
  options.xtc_threshold = d.xtcThreshold;
  options.dynatemp_range = d.dynatempRange;
  options.dynatemp_exponent = d.dynatempExponent;
  options.dry_multiplier = d.dryMultiplier;
  options.dry_base = d.dryBase;
  options.dry_allowed_length = d.dryAllowedLength;
  options.dry_penalty_last_n = d.dryPenaltyLastN;
  options.mirostat = d.mirostat;
  options.mirostat_tau = d.mirostatTau;
  options.mirostat_eta = d.mirostatEta;
  return options;
}

lathe_status lathe_sampler_create(const lathe_sampler_options *options, lathe_sampler **sampler) {
  return apiCall([&] {
    auto sampling = apiSampling(*options);
    if (!sampling)
      return apiStatus(sampling.status());
    *sampler = new lathe_sampler{Sampler(std::move(*sampling)), {}};
    return LATHE_OK;
  });
}

void lathe_sampler_free(lathe_sampler *sampler) { delete sampler; }

lathe_status lathe_sampler_distribution(lathe_sampler *sampler, const float *logits, size_t count,
                                        const int32_t *history, size_t history_count, uint64_t stream,
                                        const int32_t **tokens, const float **probabilities, size_t *found) {
  return apiCall([&] {
    if (!logits)
      return apiFailure("there are no logits: the last step failed, or none was wanted");
    auto state = sampler->states.find(stream);
    auto distribution =
        sampler->sampler.distribution({logits, count}, {{history, history_count}, stream, uint32_t(history_count)},
                                      state == sampler->states.end() ? SamplerState() : state->second);
    if (!distribution)
      return apiStatus(distribution.status());
    *tokens = distribution->ids.data();
    *probabilities = distribution->probabilities.data();
    *found = distribution->size();
    return LATHE_OK;
  });
}

lathe_status lathe_sample(lathe_sampler *sampler, const float *logits, size_t count, const int32_t *history,
                          size_t history_count, uint64_t stream, int32_t *token) {
  return apiCall([&] {
    if (!logits)
      return apiFailure("there are no logits: the last step failed, or none was wanted");
    SamplerState unused;
    bool hasState = sampler->sampler.options().mirostat != 0;
    auto drawn = sampler->sampler.sample({logits, count}, {{history, history_count}, stream, uint32_t(history_count)},
                                         hasState ? sampler->states[stream] : unused);
    if (!drawn)
      return apiStatus(drawn.status());
    *token = *drawn;
    return LATHE_OK;
  });
}

void lathe_sampler_reset(lathe_sampler *sampler, uint64_t stream) { sampler->states.erase(stream); }

float lathe_logprob(const float *logits, size_t count, int32_t token) {
  return LogprobReader().read({logits, count}, token, 0).logprob;
}

lathe_generate_options lathe_generate_default_options(void) {
  return {-1, 0, nullptr, 0, lathe_sampler_default_options(), nullptr, nullptr};
}

lathe_status lathe_generate(lathe_sequence *sequence, const int32_t *prompt, size_t count,
                            const lathe_generate_options *options, lathe_finish *finish) {
  return apiCall([&] {
    GenerateOptions generation;
    generation.predict = options->predict;
    generation.ignoreEos = options->ignore_eos != 0;
    generation.stops.assign(options->stops, options->stops + options->stop_count);
    auto sampling = apiSampling(options->sampling);
    if (!sampling)
      return apiStatus(sampling.status());
    generation.sampling = std::move(*sampling);
    generation.stream = sequence->id;
    if (options->on_text)
      generation.onToken = [&](int32_t token, std::string_view text) {
        return options->on_text(options->user, std::string(text).c_str(), text.size(), token) == 0;
      };
    std::vector<int32_t> history = sequence->history;
    history.insert(history.end(), prompt, prompt + count);
    Decoder &decoder = *sequence->shared->decoder;
    auto result = generate({decoder, sequence->shared->model.tokenizer}, sequence->id, history, generation);
    if (!result)
      history.resize(std::min<size_t>(history.size(), decoder.length(sequence->id)));
    sequence->history = std::move(history);
    if (!result)
      return apiStatus(result.status());
    static constexpr lathe_finish finishes[] = {LATHE_FINISH_LENGTH, LATHE_FINISH_END_TOKEN, LATHE_FINISH_STOP,
                                                LATHE_FINISH_CONTEXT, LATHE_FINISH_CANCELLED};
    if (finish)
      *finish = finishes[size_t(result->reason)];
    return result->reason == FinishReason::Cancelled ? LATHE_CANCELLED : LATHE_OK;
  });
}

} // extern "C"
