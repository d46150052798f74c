// What the opaque handles of lathe.h are, and how errors leave the C API. For Api*.cpp alone.
#pragma once

#include "runtime/Generate.h"
#include "runtime/lathe.h"
#include "runtime/tokenizer/StreamingDecoder.h"

#include <algorithm>
#include <exception>
#include <map>
#include <new>

struct lathe_model {
  std::shared_ptr<const lathe::Artifact> artifact;
  std::shared_ptr<const lathe::LoadedModel> loaded;
  std::shared_ptr<const lathe::Tokenizer> tokenizer; // null: none
  std::shared_ptr<lathe::ThreadPool> pool;           // of the default size; packed the weights
};

namespace lathe {
/// A session as its sequences share it.
struct ApiSession {
  lathe_model model;
  std::unique_ptr<Decoder> decoder;
};
} // namespace lathe

struct lathe_session {
  std::shared_ptr<lathe::ApiSession> shared;
};

struct lathe_sequence {
  std::shared_ptr<lathe::ApiSession> shared;
  uint64_t id;
  std::vector<int32_t> history; // perhaps one token more than the decoder has
};

struct lathe_sampler {
  lathe::Sampler sampler;
  std::map<uint64_t, lathe::SamplerState> states; // by stream
};

struct lathe_text_stream {
  lathe::StreamingDecoder decoder;
  std::string text;
};

namespace lathe {

lathe_status apiFailure(const std::string &message);
inline lathe_status apiStatus(const Status &status) { return status ? LATHE_OK : apiFailure(status.message()); }

/// Runs `body` so that no exception leaves it.
template <class Body> lathe_status apiCall(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return apiFailure("there is not enough memory");
  } catch (const std::exception &error) {
    return apiFailure(error.what());
  }
}

/// Stores a text or tokens into the caller's memory, or only its size when that is too small.
template <class T> lathe_status apiStore(std::span<const T> values, T *out, size_t capacity, size_t *count) {
  *count = values.size();
  if (values.size() > capacity)
    return LATHE_TOO_SMALL;
  std::copy(values.begin(), values.end(), out);
  return LATHE_OK;
}

/// Valid ones.
Result<SamplerOptions> apiSampling(const lathe_sampler_options &options);

} // namespace lathe
