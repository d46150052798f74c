// Causal attention of a ragged step over the paged cache: token i of sequence sequences[i] sees the positions 0 ..
// positions[i], with a window only the last `window` of them. score = scale * q.k, soft cap, + slopes[head] * (key -
// query position), or with distances = 2 D + 1 above 0 + slopes[head, D + max(key - query position, -D)] instead;
// softmax; times values. A key that the pattern hides is not seen, one that counts several times adds log(times). Query
// head h reads head h / (heads / kvHeads) of the cache.
//
// Buffers: query (tokens, heads, headDim) of Query, at queryOffset, tokens queryStride apart; cache pages
// (common/cpu/cache.h) of Cache; positions, sequences (tokens) i32; block table (sequences, blocks) i32; slopes (heads)
// or (heads, distances) of Slopes where `slopes`; sinks (heads) of Sinks where `sinks`; output (tokens, heads, headDim) of Output; partials,
// a workspace of splitTokens * heads * ceil(blocks / 2) * partialFloats floats; counters, a persistent one of
// splitTokens * kvHeads * 64 bytes. params: 0 tokens, 1 blocks. Grid: tokens * kvHeads * ceil(blocks / 2); the work
// that there is is spread over it evenly. Thread scratch: scratchBytes below.
//
// Parameters: heads, kvHeads, headDim, queryStride, queryOffset, window (0: none); scale, softcap (0: none); slopes,
// distances (0: slopes), sinks; pattern (common/cpu/key_pattern.h); types.
//
// Positions are taken in chunks of 128 (two pages), each with its own maximum, sum and weighted values, and the chunks
// are merged in ascending order: with few tokens a unit of work is a chunk and the last one to finish merges, with more
// it is a block of tokens that walks its chunks; both do the same operations. Bound by reading the cache, or by q.k and
// p.v.
#include "common/cpu/cache.h"
#include "common/cpu/key_pattern.h"
#include "common/cpu/math.h"

namespace lathe {

namespace attention_parts {
using namespace parameters;

using Page = CachePage<Cache, kvHeads, headDim>;
constexpr int64_t groupHeads = heads / kvHeads;
constexpr int64_t chunkPositions = 128, chunkVectors = chunkPositions / 16, splitTokens = 4, blockTokens = 8;
constexpr int64_t partialFloats = roundUp(headDim + 2, 16); // maximum, sum, values
constexpr int64_t rowFloats = roundUp(headDim, 16);
constexpr int64_t valueVectors = ceilDiv(headDim, 16);
constexpr int64_t queriesOfBlock = blockTokens * groupHeads;
// Vectors of 16 that fit into registers as sums.
constexpr int sumVectors = nativeLanes == 16 ? 16 : nativeLanes == 8 ? 5 : 3;
constexpr int mostQueries = nativeLanes == 16 ? 8 : nativeLanes == 8 ? 4 : 2;
constexpr float lowest = -__builtin_inff();

// Thread scratch, in floats: 16 reserved, queries, a state for each query, scores of a block of queries.
constexpr int64_t queriesAt = 16, statesAt = queriesAt + queriesOfBlock * rowFloats,
                  scoresAt = statesAt + queriesOfBlock * partialFloats,
                  resultsAt = scoresAt + mostQueries * chunkPositions;
constexpr int64_t scratchBytes = 4 * (resultsAt + mostQueries * partialFloats);

// Positions [begin, end) that a token sees.
struct Span {
  int64_t begin, end;
};
LATHE_INLINE Span visible(const LatheKernelContext &context, int64_t token) {
  int64_t position = static_cast<const int32_t *>(context.buffers[2])[token];
  int64_t end = least(position + 1, context.params[1] * Page::positions);
  return {window > 0 ? greatest<int64_t>(0, position - window + 1) : 0, end};
}
LATHE_INLINE int64_t chunksOf(Span span) {
  return span.begin >= span.end ? 0 : ceilDiv(span.end, chunkPositions) - span.begin / chunkPositions;
}

LATHE_INLINE Floats<16> loadValues(const Cache *from, int64_t d) {
  if (headDim % 16 == 0 || d + 16 <= headDim)
    return load<16>(from + d);
  return loadPart<16>(from + d, headDim - d);
}

// What a query has gathered: maximum, sum and values.
struct State {
  float *at;
  LATHE_INLINE float &maximum() const { return at[0]; }
  LATHE_INLINE float &sum() const { return at[1]; }
  LATHE_INLINE float *values() const { return at + 2; }

  void clear() const {
    maximum() = lowest;
    for (int64_t i = 1; i < headDim + 2; ++i)
      at[i] = 0;
  }
  void merge(const float *chunk) const {
    if constexpr (key_pattern::hasPattern)
      if (chunk[0] == lowest) // nothing of it was seen
        return;
    float both = chunk[0] > maximum() ? chunk[0] : maximum();
    float old = exp(maximum() - both), added = exp(chunk[0] - both);
    sum() = sum() * old + chunk[1] * added;
    for (int64_t d = 0; d < headDim; ++d) {
      float scaled = values()[d] * old;
      values()[d] = scaled + chunk[2 + d] * added;
    }
    maximum() = both;
  }
  void write(const LatheKernelContext &context, int64_t token, int64_t head) const {
    float total = sum(), factor = 1;
    if constexpr (sinks) {
      constexpr int at = 5 + slopes;
      float sink = loadFloat(static_cast<const Sinks *>(context.buffers[at]) + head);
      float both = sink > maximum() ? sink : maximum();
      factor = exp(maximum() - both);
      total = total * factor + exp(sink - both);
    }
    float inverse = total > 0 ? factor / total : 0.0f;
    Output *to = static_cast<Output *>(context.buffers[5 + slopes + sinks]) + (token * heads + head) * headDim;
    int64_t d = 0;
    for (; d + 16 <= headDim; d += 16)
      store<16>(to + d, load<16>(values() + d) * inverse);
    for (; d < headDim; ++d)
      storeFloat(to + d, values()[d] * inverse);
  }
};

// A query row, in floats, padded with zeros.
LATHE_INLINE void loadQuery(const LatheKernelContext &context, int64_t token, int64_t head, float *to) {
  const Query *from =
      static_cast<const Query *>(context.buffers[0]) + queryOffset + token * queryStride + head * headDim;
  int64_t d = 0;
  for (; d + 16 <= headDim; d += 16)
    store<16>(to + d, load<16>(from + d));
  for (; d < headDim; ++d)
    to[d] = loadFloat(from + d);
}

// A query of a chunk: its row, which positions of the chunk it sees, and what biases by distance need.
struct ChunkQuery {
  const float *row;
  int64_t begin, end;    // within the chunk
  float slope;
  int32_t distance;     // chunk's first position - the query's
  const Slopes *biases; // of distances 0, the head's
  int64_t start;        // chunk's first position
  key_pattern::PatternRow pattern;
};

// What the pattern adds for 16 positions.
LATHE_INLINE Floats<16> patternFrom(const ChunkQuery &query, int64_t slot) {
  Floats<16> biases;
  for (int64_t i = 0; i < 16; ++i)
    biases[i] = key_pattern::biasOfTimes(key_pattern::timesOf(query.pattern, query.start + slot + i));
  return biases;
}

// The biases of 16 positions from this distance on, of which those after the query are not used.
LATHE_INLINE Floats<16> biasesFrom(const Slopes *biases, int64_t distance) {
  constexpr int64_t limit = distances / 2;
  if (distance >= -limit && distance + 15 <= limit)
    return load<16>(biases + distance);
  float values[16];
  for (int64_t i = 0; i < 16; ++i)
    values[i] = loadFloat(biases + greatest(-limit, least(limit, distance + i)));
  return load<16>(values);
}

// scores[q] of the vectors [first, first + P) of 16 positions each.
template <int Q, int P>
LATHE_INLINE void scoreVectors(const ChunkQuery *queries, const Cache *keys, float (*scores)[chunkPositions],
                               int64_t first) {
  Floats<16> sums[Q][P] = {};
  const Cache *from = keys + Page::keyIndex(first % (Page::positions / 16) * 16);
  // While keys are multiplied the values of the same positions come in.
  const Cache *values = from + Page::positions * headDim;
  for (int64_t d = 0; d < headDim; ++d) {
    if constexpr (Q < mostQueries)
      for (int64_t i = 0; i < 16 * P; i += 64 / int64_t(sizeof(Cache)))
        __builtin_prefetch(values + d * 16 * P + i);
    LATHE_UNROLL for (int p = 0; p < P; ++p) {
      Floats<16> key = load<16>(from + p * 16 * headDim + d * 16);
      LATHE_UNROLL for (int q = 0; q < Q; ++q) sums[q][p] = sums[q][p] + key * queries[q].row[d];
    }
  }
  const Ints<16> count = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int q = 0; q < Q; ++q)
    for (int p = 0; p < P; ++p) {
      Ints<16> slot = count + int32_t((first + p) * 16);
      Floats<16> score = sums[q][p] * scale;
      if constexpr (softcap > 0)
        score = tanh(score * (1.0f / softcap)) * softcap;
      if constexpr (distances > 0)
        score = score + biasesFrom(queries[q].biases, (first + p) * 16 + queries[q].distance);
      else if constexpr (slopes)
        score = score + (__builtin_convertvector(slot, Floats<16>) + float(queries[q].distance)) * queries[q].slope;
      auto hidden = (slot < int32_t(queries[q].begin)) | (slot >= int32_t(queries[q].end));
      if constexpr (key_pattern::hasPattern) {
        Floats<16> biases = patternFrom(queries[q], (first + p) * 16);
        score = score + biases;
        hidden = hidden | (biases == lowest);
      }
      store<16>(scores[q] + (first + p) * 16, select(hidden, Floats<16>(lowest), score));
    }
}

// results[q] (maximum, sum, values) of a chunk; `pages` has the keys of its two pages, null where none is.
template <int Q>
__attribute__((noinline)) void attendChunk(const ChunkQuery *queries, const Cache *const *pages,
                                           float (*scores)[chunkPositions], float *results) {
  int64_t begin = chunkPositions, end = 0;
  for (int q = 0; q < Q; ++q)
    if (queries[q].begin < queries[q].end) {
      begin = least(begin, queries[q].begin);
      end = greatest(end, queries[q].end);
    }
  int64_t firstVector = begin / 16, endVector = ceilDiv(end, 16);
  constexpr int wide = greatest(1, least(4, sumVectors / Q));
  for (int64_t v = firstVector; v < endVector;) {
    const Cache *keys = pages[v * 16 / Page::positions];
    int64_t stop = least(endVector, (v / 4 + 1) * 4);
    if constexpr (wide == 4)
      for (; v + 4 <= stop; v += 4)
        scoreVectors<Q, 4>(queries, keys, scores, v);
    if constexpr (wide >= 2)
      for (; v + 2 <= stop; v += 2)
        scoreVectors<Q, 2>(queries, keys, scores, v);
    for (; v < stop; ++v)
      scoreVectors<Q, 1>(queries, keys, scores, v);
  }
  for (int q = 0; q < Q; ++q) {
    Floats<16> most = Floats<16>(lowest), sum = {};
    for (int64_t v = firstVector; v < endVector; ++v)
      most = larger<Floats<16>>(most, load<16>(scores[q] + 16 * v));
    float maximum = maxOfLanes(most);
    for (int64_t v = firstVector; v < endVector; ++v) {
      // A query that sees nothing of the chunk has only lowest - lowest here; its result is not used.
      Floats<16> p = exp(load<16>(scores[q] + 16 * v) - maximum);
      sum = sum + p;
      store<16>(scores[q] + 16 * v, p);
    }
    results[q * partialFloats] = maximum;
    results[q * partialFloats + 1] = sumOfLanes(sum);
  }
  constexpr int wideValues = greatest(1, least(4, sumVectors / Q));
  auto values = [&]<int D>(Integers<D>, int64_t d) __attribute__((always_inline)) {
    Floats<16> sums[Q][D] = {};
    for (int64_t position = begin; position < end; ++position) {
      const Cache *row =
          pages[position / Page::positions] + Page::positions * headDim + position % Page::positions * headDim;
      Floats<16> value[D];
      LATHE_UNROLL for (int i = 0; i < D; ++i) value[i] = loadValues(row, d + 16 * i);
      LATHE_UNROLL for (int q = 0; q < Q; ++q) {
        float p = scores[q][position];
        LATHE_UNROLL for (int i = 0; i < D; ++i) sums[q][i] = sums[q][i] + value[i] * p;
      }
    }
    for (int q = 0; q < Q; ++q)
      for (int i = 0; i < D; ++i) {
        float *to = results + q * partialFloats + 2 + d + 16 * i;
        if (headDim % 16 == 0 || d + 16 * (i + 1) <= headDim)
          store<16>(to, sums[q][i]);
        else
          storePart<16>(to, sums[q][i], headDim - d - 16 * i);
      }
  };
  int64_t d = 0;
  if constexpr (wideValues == 4)
    for (; d + 64 <= rowFloats; d += 64)
      values(Integers<4>(), d);
  if constexpr (wideValues >= 2)
    for (; d + 32 <= rowFloats; d += 32)
      values(Integers<2>(), d);
  for (; d < rowFloats; d += 16)
    values(Integers<1>(), d);
}

LATHE_INLINE void pagesOfChunk(const LatheKernelContext &context, int64_t sequence, int64_t chunk, int64_t head,
                               const Cache **pages) {
  const int32_t *table = static_cast<const int32_t *>(context.buffers[4]) + sequence * context.params[1];
  for (int64_t i = 0; i < 2; ++i) {
    int64_t block = 2 * chunk + i;
    pages[i] = block < context.params[1] ? Page::keys(context.buffers[1], table[block], head) : nullptr;
  }
}

LATHE_INLINE ChunkQuery chunkQuery(const LatheKernelContext &context, const float *row, int64_t token, int64_t head,
                                   Span span, int64_t chunk) {
  int64_t start = chunk * chunkPositions;
  ChunkQuery query = {row, greatest<int64_t>(span.begin - start, 0), least(span.end - start, chunkPositions), 0, 0,
                      nullptr, start, {}};
  if constexpr (key_pattern::hasPattern) {
    int64_t position = static_cast<const int32_t *>(context.buffers[2])[token];
    query.pattern = key_pattern::patternRow(head, position, position + 1);
    if (!key_pattern::mayCount(query.pattern, start + query.begin, start + query.end))
      query.begin = query.end = 0;
  }
  if constexpr (slopes) {
    const Slopes *ofHead = static_cast<const Slopes *>(context.buffers[5]) + head * (distances > 0 ? distances : 1);
    if constexpr (distances > 0)
      query.biases = ofHead + distances / 2;
    else
      query.slope = loadFloat(ofHead);
    query.distance = int32_t(start - static_cast<const int32_t *>(context.buffers[2])[token]);
  }
  return query;
}

// ---- few tokens: a unit of work is a chunk of a token and a head of the cache
// ------------------------------------------

LATHE_INLINE float *partial(const LatheKernelContext &context, int64_t token, int64_t head, int64_t chunk) {
  float *partials = static_cast<float *>(context.buffers[6 + slopes + sinks]);
  return partials + ((token * heads + head) * ceilDiv(context.params[1], 2) + chunk) * partialFloats;
}

template <int Q>
LATHE_INLINE int64_t chunkOfHeads(const LatheKernelContext &context, int64_t token, int64_t kvHead, int64_t chunk,
                                  Span span, const Cache *const *pages, int64_t first) {
  float *scratch = static_cast<float *>(context.threadScratch);
  ChunkQuery queries[Q];
  for (int q = 0; q < Q; ++q) {
    int64_t head = kvHead * groupHeads + first + q;
    float *row = scratch + queriesAt + q * rowFloats;
    loadQuery(context, token, head, row);
    queries[q] = chunkQuery(context, row, token, head, span, chunk);
  }
  auto scores = reinterpret_cast<float(*)[chunkPositions]>(scratch + scoresAt);
  float *results = scratch + resultsAt;
  attendChunk<Q>(queries, pages, scores, results);
  if constexpr (key_pattern::hasPattern)
    for (int q = 0; q < Q; ++q)
      if (queries[q].begin >= queries[q].end)
        results[q * partialFloats] = lowest;
  for (int q = 0; q < Q; ++q)
    __builtin_memcpy(partial(context, token, kvHead * groupHeads + first + q, chunk), results + q * partialFloats,
                     4 * (headDim + 2));
  return first + Q;
}

void splitUnit(const LatheKernelContext &context, int64_t token, int64_t kvHead, int64_t chunk, Span span) {
  const Cache *pages[2];
  pagesOfChunk(context, static_cast<const int32_t *>(context.buffers[3])[token], chunk, kvHead, pages);
  int64_t first = 0;
  while (first + mostQueries <= groupHeads)
    first = chunkOfHeads<mostQueries>(context, token, kvHead, chunk, span, pages, first);
  if constexpr (constexpr int rest = groupHeads % mostQueries; rest > 0)
    chunkOfHeads<rest>(context, token, kvHead, chunk, span, pages, first);

  auto *counter = reinterpret_cast<int32_t *>(static_cast<uint8_t *>(context.buffers[7 + slopes + sinks]) +
                                              (token * kvHeads + kvHead) * 64);
  int32_t chunks = int32_t(chunksOf(span));
  if (chunks > 1 && __atomic_add_fetch(counter, 1, __ATOMIC_ACQ_REL) != chunks)
    return;
  __atomic_store_n(counter, 0, __ATOMIC_RELAXED);
  State state{static_cast<float *>(context.threadScratch) + statesAt};
  for (int64_t head = kvHead * groupHeads; head < (kvHead + 1) * groupHeads; ++head) {
    state.clear();
    for (int64_t c = span.begin / chunkPositions, i = 0; i < chunks; ++i, ++c)
      state.merge(partial(context, token, head, c));
    state.write(context, token, head);
  }
}

// ---- many tokens: a unit is a block of tokens and a head of the cache
// --------------------------------------------------

template <int Q>
LATHE_INLINE int64_t chunkOfQueries(const LatheKernelContext &context, int64_t firstToken, int64_t kvHead,
                                    int64_t chunk, const Span *spans, const Cache *const *pages, int64_t first) {
  float *scratch = static_cast<float *>(context.threadScratch);
  ChunkQuery queries[Q];
  bool any = false;
  for (int q = 0; q < Q; ++q) {
    int64_t index = first + q, token = index / groupHeads;
    queries[q] = chunkQuery(context, scratch + queriesAt + index * rowFloats, firstToken + token,
                            kvHead * groupHeads + index % groupHeads, spans[token], chunk);
    any |= queries[q].begin < queries[q].end;
  }
  if (any) {
    auto scores = reinterpret_cast<float(*)[chunkPositions]>(scratch + scoresAt);
    float *results = scratch + resultsAt;
    attendChunk<Q>(queries, pages, scores, results);
    for (int q = 0; q < Q; ++q)
      if (queries[q].begin < queries[q].end)
        State{scratch + statesAt + (first + q) * partialFloats}.merge(results + q * partialFloats);
  }
  return first + Q;
}

// Tokens [first, first + count) of one sequence.
void runOfTokens(const LatheKernelContext &context, int64_t firstToken, int64_t count, int64_t kvHead) {
  float *scratch = static_cast<float *>(context.threadScratch);
  Span spans[blockTokens];
  int64_t firstChunk = __INT64_MAX__, endChunk = 0, queries = count * groupHeads;
  for (int64_t t = 0; t < count; ++t) {
    spans[t] = visible(context, firstToken + t);
    firstChunk = least(firstChunk, spans[t].begin / chunkPositions);
    endChunk = greatest(endChunk, ceilDiv(spans[t].end, chunkPositions));
  }
  for (int64_t q = 0; q < queries; ++q) {
    loadQuery(context, firstToken + q / groupHeads, kvHead * groupHeads + q % groupHeads,
              scratch + queriesAt + q * rowFloats);
    State{scratch + statesAt + q * partialFloats}.clear();
  }
  int64_t sequence = static_cast<const int32_t *>(context.buffers[3])[firstToken];
  for (int64_t chunk = firstChunk; chunk < endChunk; ++chunk) {
    const Cache *pages[2];
    pagesOfChunk(context, sequence, chunk, kvHead, pages);
    int64_t q = 0;
    while (q + mostQueries <= queries)
      q = chunkOfQueries<mostQueries>(context, firstToken, kvHead, chunk, spans, pages, q);
    if constexpr (groupHeads > 1 && groupHeads < mostQueries)
      while (q + groupHeads <= queries)
        q = chunkOfQueries<int(groupHeads)>(context, firstToken, kvHead, chunk, spans, pages, q);
    while (q < queries)
      q = chunkOfQueries<1>(context, firstToken, kvHead, chunk, spans, pages, q);
  }
  for (int64_t q = 0; q < queries; ++q)
    State{scratch + statesAt + q * partialFloats}.write(context, firstToken + q / groupHeads,
                                                        kvHead * groupHeads + q % groupHeads);
}

void blockUnit(const LatheKernelContext &context, int64_t block, int64_t kvHead) {
  const int32_t *sequences = static_cast<const int32_t *>(context.buffers[3]);
  int64_t token = block * blockTokens, end = least(token + blockTokens, context.params[0]);
  while (token < end) {
    int64_t stop = token + 1;
    while (stop < end && sequences[stop] == sequences[token])
      ++stop;
    runOfTokens(context, token, stop - token, kvHead);
    token = stop;
  }
}

} // namespace attention_parts

void cached_attention(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace attention_parts;
  int64_t tokens = context.params[0], grid = tokens * kvHeads * ceilDiv(context.params[1], 2);
  auto share = [&](int64_t tile, int64_t units) { return ceilDiv(tile * units, grid); };
  *static_cast<uint64_t *>(context.threadScratch) = 0;
  if (tokens > splitTokens) {
    int64_t blocks = ceilDiv(tokens, blockTokens), units = blocks * kvHeads;
    for (int64_t unit = share(begin, units); unit < share(end, units); ++unit)
      blockUnit(context, unit % blocks, unit / blocks);
    return;
  }
  int64_t units = 0, chunks[splitTokens];
  Span spans[splitTokens];
  for (int64_t t = 0; t < tokens; ++t) {
    spans[t] = visible(context, t);
    chunks[t] = chunksOf(spans[t]);
    units += kvHeads * chunks[t];
  }
  int64_t unit = share(begin, units), stop = share(end, units), base = 0;
  for (int64_t t = 0; t < tokens && base < stop; base += kvHeads * chunks[t], ++t)
    for (; unit < stop && unit < base + kvHeads * chunks[t]; ++unit)
      splitUnit(context, t, (unit - base) / chunks[t], spans[t].begin / chunkPositions + (unit - base) % chunks[t],
                spans[t]);
}

} // namespace lathe
