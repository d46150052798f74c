/* The C API of Lathe's runtime: open a compiled model, feed tokens, sample, read text. Plain C99, no dependencies.
 *
 * The whole loop, as a program (model.lathe "prompt"):
 *
 *     #include "runtime/lathe.h"
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     #define CHECK(call) \
 *       do { if ((call) != LATHE_OK) { fprintf(stderr, "%s\n", lathe_last_error()); return 1; } } while (0)
 *
 *     int main(int argc, char **argv) {
 *       lathe_model *model;
 *       lathe_session *session;
 *       lathe_sequence *sequence;
 *       lathe_sampler *sampler;
 *       lathe_text_stream *stream;
 *       lathe_sampler_options sampling = lathe_sampler_default_options();
 *       int32_t tokens[4096];
 *       size_t count, i;
 *       if (argc != 3)
 *         return 2;
 *       sampling.temperature = 0; // the most probable token every time
 *       CHECK(lathe_model_open(argv[1], &model));
 *       CHECK(lathe_session_create(model, NULL, &session));
 *       CHECK(lathe_sequence_create(session, &sequence));
 *       CHECK(lathe_sampler_create(&sampling, &sampler));
 *       CHECK(lathe_text_stream_create(model, &stream));
 *       CHECK(lathe_tokenize(model, argv[2], strlen(argv[2]), LATHE_ADD_SPECIAL, tokens, 4096, &count));
 *       CHECK(lathe_feed(sequence, tokens, count));
 *       for (i = 0; i < 50 && count < 4096; ++i) {
 *         const char *text;
 *         int32_t token;
 *         CHECK(lathe_sample(sampler, lathe_logits(session, 0), lathe_vocabulary(session), tokens, count, 0, &token));
 *         if (lathe_token_is_end(model, token))
 *           break;
 *         CHECK(lathe_text_stream_push(stream, token, &text)); // whole characters only
 *         fputs(text, stdout);
 *         tokens[count++] = token;
 *         CHECK(lathe_feed(sequence, &token, 1));
 *       }
 *       putchar('\n');
 *       lathe_text_stream_free(stream);
 *       lathe_sampler_free(sampler);
 *       lathe_sequence_free(sequence);
 *       lathe_session_free(session);
 *       lathe_model_free(model);
 *       return 0;
 *     }
 *
 * lathe_generate does this loop in one call, with stop strings and a callback.
 *
 * Every function that can fail returns a status; lathe_last_error then says what was wrong. Models may be shared
 * between threads. A session, with its sequences, is for one thread at a time, and so is a sampler or a text stream.
 * Functions ending in _free take NULL. A session keeps its model alive, a sequence its session, whatever is freed
 * first. */
#ifndef LATHE_H
#define LATHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lathe_status {
  LATHE_OK = 0,
  LATHE_FAILED = 1,    /* lathe_last_error says why */
  LATHE_TOO_SMALL = 2, /* the caller's memory is too small; the size that is needed was stored */
  LATHE_CANCELLED = 3  /* lathe_generate: a callback ended it */
} lathe_status;

typedef struct lathe_model lathe_model;             /* a compiled model, in memory */
typedef struct lathe_session lathe_session;         /* its KV cache and threads */
typedef struct lathe_sequence lathe_sequence;       /* one text in a session */
typedef struct lathe_sampler lathe_sampler;         /* from logits to tokens */
typedef struct lathe_text_stream lathe_text_stream; /* from tokens to text, as they come */

/* The message of the last call on this thread that returned LATHE_FAILED; never NULL. Valid until the next call on this
 * thread. */
const char *lathe_last_error(void);

/* ---- models ---- */

/* Opens a .lathe file, checks it and loads its weights. A .lathe holds machine code: open only those you trust. */
lathe_status lathe_model_open(const char *path, lathe_model **model);
void lathe_model_free(lathe_model *model);
const char *lathe_model_name(const lathe_model *model); /* "" when the model has none */
/* Positions the model was trained for; 0 when it does not say. */
uint32_t lathe_model_context_length(const lathe_model *model);
/* The metadata of the artifact, a JSON object. Not zero terminated. */
const char *lathe_model_metadata(const lathe_model *model, size_t *length);

/* ---- text and tokens; they fail for a model without a tokenizer ---- */

enum {
  LATHE_ADD_SPECIAL = 1,  /* with the tokens that the tokenizer puts around a text */
  LATHE_PARSE_SPECIAL = 2 /* the text of a special token is that token */
};

/* Stores up to `capacity` tokens and, in every case but failure, in `count` how many the text has. LATHE_TOO_SMALL when
 * that is more; nothing else is stored then. */
lathe_status lathe_tokenize(const lathe_model *model, const char *text, size_t length, int flags, int32_t *tokens,
                            size_t capacity, size_t *count);
/* The text of tokens, without special tokens. As above; with room for a terminating zero it is added. */
lathe_status lathe_detokenize(const lathe_model *model, const int32_t *tokens, size_t count, char *text,
                              size_t capacity, size_t *length);
/* 1 for a token that ends a text, else 0. */
int lathe_token_is_end(const lathe_model *model, int32_t token);

typedef struct lathe_message {
  const char *role; /* "system", "user", "assistant" */
  const char *content;
} lathe_message;
/* The messages in the form of the model's own chat template; `open` = 1 ends it where the assistant's answer begins.
 * Tokenize the text with LATHE_PARSE_SPECIAL. */
lathe_status lathe_apply_chat_template(const lathe_model *model, const lathe_message *messages, size_t count, int open,
                                       char *text, size_t capacity, size_t *length);

lathe_status lathe_text_stream_create(const lathe_model *model, lathe_text_stream **stream);
void lathe_text_stream_free(lathe_text_stream *stream);
/* The text that became complete with `token`: whole characters, perhaps none. Valid until the next call with
 * `stream`. */
lathe_status lathe_text_stream_push(lathe_text_stream *stream, int32_t token, const char **text);
/* What was held back; the stream then begins anew. */
lathe_status lathe_text_stream_finish(lathe_text_stream *stream, const char **text);

/* ---- sessions and sequences ---- */

typedef struct lathe_session_options {
  uint32_t context_size; /* positions of a sequence; 0: what the model was trained for, or what fits */
  uint32_t sequences;    /* the KV cache has room for so many of full length; 0: 1 */
  uint32_t step_tokens;  /* most tokens in a step; 0: 512 */
  uint32_t threads;      /* 0: one for each core that may be used */
} lathe_session_options;

/* `options` may be NULL: all zero. */
lathe_status lathe_session_create(lathe_model *model, const lathe_session_options *options, lathe_session **session);
void lathe_session_free(lathe_session *session);
uint32_t lathe_context_size(const lathe_session *session);
uint32_t lathe_vocabulary(const lathe_session *session); /* logits in a row */

lathe_status lathe_sequence_create(lathe_session *session, lathe_sequence **sequence);
void lathe_sequence_free(lathe_sequence *sequence);
uint32_t lathe_sequence_length(const lathe_sequence *sequence);
/* Forgets all positions from `length` on. */
void lathe_sequence_truncate(lathe_sequence *sequence, uint32_t length);

/* Appends tokens to a sequence, in as many steps as it takes; the logits after the last one are row 0. */
lathe_status lathe_feed(lathe_sequence *sequence, const int32_t *tokens, size_t count);

typedef struct lathe_step_part {
  lathe_sequence *sequence;
  const int32_t *tokens;
  size_t count;
  uint32_t logits; /* how many of the last tokens the logits are wanted of */
} lathe_step_part;
/* One step over several sequences of the session, each at most once. Rows of logits come in the order of the parts. */
lathe_status lathe_step(lathe_session *session, const lathe_step_part *parts, size_t count);
/* Logits of a row of the last step, lathe_vocabulary() of them; NULL when there is no such row. Valid until the next
 * step. */
const float *lathe_logits(const lathe_session *session, uint32_t row);

/* ---- sampling: llama.cpp's chain of samplers ---- */

typedef struct lathe_logit_bias {
  int32_t token;
  float bias; /* added to its logit; -INFINITY forbids it */
} lathe_logit_bias;

/* Begin with lathe_sampler_default_options(), so that fields you do not know mean what they did. */
typedef struct lathe_sampler_options {
  float temperature; /* 0: the most probable token */
  int32_t top_k;     /* 0: all */
  float top_p;       /* 1: all */
  float min_p;       /* 0: all */
  uint64_t seed;
  int32_t penalty_window; /* -1: all tokens */
  float repeat_penalty;   /* 1: none */
  float frequency_penalty, presence_penalty;
  /* The order: "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature" is that of NULL. */
  const char *samplers;
  float typical_p;                         /* 1: all */
  float top_n_sigma;                       /* 0 or less: all */
  float xtc_probability, xtc_threshold;    /* 0: never */
  float dynatemp_range, dynatemp_exponent; /* 0: the temperature is always the same */
  float dry_multiplier, dry_base;          /* 0: no DRY */
  int32_t dry_allowed_length, dry_penalty_last_n;
  int32_t mirostat; /* 1 or 2; 0: off */
  float mirostat_tau, mirostat_eta;
  int32_t no_repeat_ngram; /* 0: off */
  uint32_t min_tokens;     /* lathe_generate: no end token before so many new tokens */
  const lathe_logit_bias *logit_bias;
  size_t logit_bias_count;
} lathe_sampler_options;

lathe_sampler_options lathe_sampler_default_options(void);
lathe_status lathe_sampler_create(const lathe_sampler_options *options, lathe_sampler **sampler);
void lathe_sampler_free(lathe_sampler *sampler);
/* A token from `count` logits. `history` is the text so far, for the penalties; its length is the position that is
 * drawn for. The draw depends on the seed, on `stream` (any name for the sequence) and that position alone; under
 * mirostat also on the draws of the stream before it. (DRY's repetitions end at texts in lathe_generate only.) */
lathe_status lathe_sample(lathe_sampler *sampler, const float *logits, size_t count, const int32_t *history,
                          size_t history_count, uint64_t stream, int32_t *token);
/* What lathe_sample would draw from: tokens in ascending order, their probabilities, and how many. Valid until the next
 * call with this sampler. Draws nothing and changes nothing. */
lathe_status lathe_sampler_distribution(lathe_sampler *sampler, const float *logits, size_t count,
                                        const int32_t *history, size_t history_count, uint64_t stream,
                                        const int32_t **tokens, const float **probabilities, size_t *found);
/* A stream begins anew: mirostat forgets it. */
void lathe_sampler_reset(lathe_sampler *sampler, uint64_t stream);
/* The natural logarithm of a token's probability in the softmax of `count` logits; -INFINITY for one it has not. */
float lathe_logprob(const float *logits, size_t count, int32_t token);

/* ---- a whole generation ---- */

typedef struct lathe_generate_options {
  int32_t predict; /* most new tokens; -1: no limit */
  int ignore_eos;
  const char *const *stops; /* texts that end it */
  size_t stop_count;
  lathe_sampler_options sampling;
  /* Called with the text that became complete with a token, and the token (-1: text held back until the end). Anything
   * but 0 ends the generation. NULL: it is not called. */
  int (*on_text)(void *user, const char *text, size_t length, int32_t token);
  void *user;
} lathe_generate_options;

typedef enum lathe_finish {
  LATHE_FINISH_LENGTH = 0, /* `predict` tokens */
  LATHE_FINISH_END_TOKEN = 1,
  LATHE_FINISH_STOP = 2,    /* a stop string */
  LATHE_FINISH_CONTEXT = 3, /* the context is full */
  LATHE_FINISH_CANCELLED = 4
} lathe_finish;

lathe_generate_options lathe_generate_default_options(void);
/* Feeds `prompt` (which may be empty when the sequence has a token that waits, see below) and generates. `finish` may
 * be NULL. A sequence remembers the last token it generated and feeds it first the next time. */
lathe_status lathe_generate(lathe_sequence *sequence, const int32_t *prompt, size_t count,
                            const lathe_generate_options *options, lathe_finish *finish);

#ifdef __cplusplus
}
#endif
#endif
