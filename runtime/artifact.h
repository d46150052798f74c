/* The contract between the compiler and the runtime: the layout of a .lathe file, the plan inside it, and the calling
 * convention of generated code. Plain C, little endian, no pointers in the file; every count, index and offset is
 * checked before use (runtime/Artifact.cpp). A change here raises LATHE_ARTIFACT_VERSION. */
#ifndef LATHE_ARTIFACT_H
#define LATHE_ARTIFACT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LATHE_ARTIFACT_MAGIC "LATHE\r\n\x1a" /* 8 bytes, the last is 0x1a */
#define LATHE_ARTIFACT_VERSION 2u
#define LATHE_NONE 0xffffffffu /* "no string", "no expression", "no buffer" */

/* ---- file ------------------------------------------------------------------------------------------------------ */

/* The file: header, section table, sections (each aligned to 4096 bytes, in file order, without overlap). */
typedef struct LatheFileHeader {
  char magic[8];
  uint32_t version;
  uint32_t sectionCount;
  uint64_t fileSize;  /* a shorter or longer file is refused */
  uint64_t tableHash; /* XXH3-64 of the section table */
} LatheFileHeader;

typedef enum LatheSectionKind {
  LATHE_SECTION_PLAN = 1,      /* LathePlanHeader and its arrays */
  LATHE_SECTION_WEIGHTS = 2,   /* packed weights and constants, 64-byte aligned */
  LATHE_SECTION_CODE = 3,      /* a shared object (ELF) for section.name, e.g. "cpu:znver4" */
  LATHE_SECTION_TOKENIZER = 4, /* runtime/tokenizer/TokenizerSpec.h says how */
  LATHE_SECTION_METADATA = 5 /* JSON object: architecture, name, context_length, chat_template, eos ids, compute, ... */
} LatheSectionKind;

typedef struct LatheSection {
  uint32_t kind;
  uint32_t reserved;
  uint64_t offset, size;
  uint64_t hash; /* XXH3-64 of the section's bytes */
  char name[48]; /* zero terminated */
} LatheSection;

/* ---- element types --------------------------------------------------------------------------------------------- */

/* Element types of tensors and weights. Block types follow GGML's layout of a row (blocks along the last axis). */
typedef enum LatheType {
  LATHE_F32 = 0,
  LATHE_F16 = 1,
  LATHE_BF16 = 2,
  LATHE_F64 = 3,
  LATHE_I8 = 4,
  LATHE_I16 = 5,
  LATHE_I32 = 6,
  LATHE_I64 = 7,
  LATHE_U8 = 8,
  LATHE_U16 = 9,
  LATHE_U32 = 10,
  LATHE_U64 = 11,
  LATHE_BOOL = 12,
  /* Narrow types: one byte an element, whose low bits count. Floats: sign, exponent and fraction bits as in the name; FN:
   * no infinity, NaN is all ones; FNUZ: no infinity and no negative zero, NaN is 0x80; E8M0: 2^(byte - 127), NaN is 0xff;
   * E2M1: no infinity and no NaN. */
  LATHE_F8E4M3FN = 13,
  LATHE_F8E4M3FNUZ = 14,
  LATHE_F8E5M2 = 15,
  LATHE_F8E5M2FNUZ = 16,
  LATHE_F8E8M0 = 17,
  LATHE_F4E2M1 = 18,
  LATHE_I4 = 19, /* sign extended to the byte when written */
  LATHE_U4 = 20,
  LATHE_I2 = 21,
  LATHE_U2 = 22,
  LATHE_Q4_0 = 32,
  LATHE_Q4_1 = 33,
  LATHE_Q5_0 = 34,
  LATHE_Q5_1 = 35,
  LATHE_Q8_0 = 36,
  LATHE_Q4_K = 37,
  LATHE_Q5_K = 38,
  LATHE_Q6_K = 39,
  LATHE_INT4 = 40 /* 32 elements: f32 scale, f32 minimum, 16 bytes of nibbles as in Q4_1; x = scale * q + minimum */
} LatheType;

/* How the bytes of a packed weight are arranged. */
typedef enum LatheLayout {
  LATHE_LAYOUT_PLAIN = 0, /* row major, as in the source file */
  LATHE_LAYOUT_LANES = 1  /* rows in groups of 16, a lane per row: runtime/cpu/PackedLayout.h */
} LatheLayout;

/* ---- plan ------------------------------------------------------------------------------------------------------ */

/* A span of one of the plan's arrays. */
typedef struct LatheSpan {
  uint32_t first, count;
} LatheSpan;

/* Offsets are from the start of the plan section; each array is 8-byte aligned. */
typedef struct LatheArray {
  uint64_t offset, count;
} LatheArray;

typedef struct LathePlanHeader {
  LatheArray strings;     /* char: zero terminated strings; a "name" below is an offset into this */
  LatheArray symbols;     /* uint32_t: names of the symbolic sizes, e.g. "tokens" */
  LatheArray expressions; /* LatheExpression */
  LatheArray operations;  /* LatheOperation: the postfix code of expressions */
  LatheArray indices;     /* uint32_t: pool for lists of buffer, expression and piece indices */
  LatheArray buffers;     /* LatheBuffer */
  LatheArray weights;     /* LatheWeight */
  LatheArray pieces;      /* LatheWeightPiece */
  LatheArray files;       /* uint32_t: names of model files that weights refer to */
  LatheArray kernels;     /* LatheKernel */
  LatheArray launches;    /* LatheLaunch */
  LatheArray functions;   /* LatheFunction; one that is called comes before those that call it */
  LatheArray stages;      /* LatheStage */
  LatheArray steps;       /* LatheStep */
} LathePlanHeader;

/* Integer expressions over the symbols: a stack program in postfix order that leaves one value. Arithmetic that leaves
 * int64 or divides by zero is an error of the plan. */
typedef enum LatheOpcode {
  LATHE_EXPR_CONSTANT = 0, /* push value */
  LATHE_EXPR_SYMBOL = 1,   /* push the symbol number `value` */
  LATHE_EXPR_ADD = 2,
  LATHE_EXPR_SUB = 3,
  LATHE_EXPR_MUL = 4,
  LATHE_EXPR_FLOORDIV = 5,
  LATHE_EXPR_CEILDIV = 6,
  LATHE_EXPR_MOD = 7,
  LATHE_EXPR_MAX = 8,
  LATHE_EXPR_MIN = 9,
  LATHE_EXPR_EQUAL = 10, /* 1 or 0 */
  LATHE_EXPR_LESS = 11   /* 1 or 0 */
} LatheOpcode;

typedef struct LatheOperation {
  uint32_t opcode;
  uint32_t reserved;
  int64_t value;
} LatheOperation;

typedef struct LatheExpression {
  LatheSpan operations;
} LatheExpression;

typedef enum LatheArena {
  LATHE_ARENA_INPUT = 0,   /* the caller's memory */
  LATHE_ARENA_OUTPUT = 1,  /* the caller's memory; the runtime's where data decides the size */
  LATHE_ARENA_SCRATCH = 2, /* reused by every step; `pool` says which memory */
  LATHE_ARENA_STATE = 3,   /* one per session, kept between steps: KV cache pools */
  LATHE_ARENA_WEIGHT = 4,  /* `weight` says which */
  LATHE_ARENA_RESULT = 5   /* a result of a LatheStep, in memory of its own */
} LatheArena;

typedef struct LatheBuffer {
  uint32_t name;   /* string or LATHE_NONE */
  uint32_t arena;  /* LatheArena */
  uint32_t type;   /* LatheType of an element */
  uint32_t weight; /* index of a LatheWeight, for LATHE_ARENA_WEIGHT */
  LatheSpan dims;  /* indices -> expressions: the shape, outermost first */
  uint32_t offset; /* expression: bytes from the arena's start, a multiple of 64; scratch and state only */
  uint32_t bytes;  /* expression */
  uint32_t pool;   /* which of the function's scratch memories; 0 where there is one */
  uint32_t reserved;
} LatheBuffer;

/* A weight as kernels see it. Either its packed bytes lie in LATHE_SECTION_WEIGHTS, or (offset == UINT64_MAX) the
 * runtime packs it at load from `pieces`, which point into model files. Both give the same bytes. */
typedef struct LatheWeight {
  uint32_t name;
  uint32_t type;          /* LatheType of the packed weight */
  uint32_t layout;        /* LatheLayout */
  uint32_t interleave;    /* LANES: 0, or 2: group g of the result is group g/2 of half g%2 of the rows (gate | up) */
  uint64_t rows, columns; /* of the whole (rows * columns elements; vectors have one row) */
  uint64_t offset, bytes; /* in LATHE_SECTION_WEIGHTS; bytes is the packed size in both cases */
  LatheSpan pieces;       /* LatheWeightPiece, stacked along the rows */
} LatheWeight;

typedef struct LatheWeightPiece {
  uint32_t file;          /* index of a file */
  uint32_t type;          /* LatheType in the file */
  uint64_t offset, bytes; /* in the file */
  uint64_t rows, columns; /* as used, after transposition */
  uint32_t transposed;    /* 1: the file holds (columns, rows); only for plain element types */
  uint32_t reserved;
  uint64_t hash; /* XXH3-64 of the piece's bytes; 0 when the compiler and the runtime share the mapped file */
} LatheWeightPiece;

typedef struct LatheKernel {
  uint32_t entry;       /* string: the extern "C" symbol in the code section */
  uint32_t description; /* string: template and parameters, for people */
} LatheKernel;

/* A kernel over `grid` independent tiles. Tiles may run in any order, on any thread; each writes what no other tile of
 * the launch reads or writes. Launches of a function run one after another. */
typedef struct LatheLaunch {
  uint32_t kernel;
  uint32_t name;      /* string: where in the model it comes from, or LATHE_NONE */
  LatheSpan operands; /* indices -> buffers */
  LatheSpan params;   /* indices -> expressions */
  uint32_t grid;      /* expression: number of tiles; 0 skips the launch */
  uint32_t scratch;   /* expression: bytes of private scratch for each thread, or LATHE_NONE */
  uint32_t condition; /* expression: 0 skips the launch (variants by number of tokens), or LATHE_NONE */
  uint32_t bytesRead; /* expression: bytes of weights and cache it must read, for reports, or LATHE_NONE */
  LatheSpan checks;   /* indices -> pairs of expressions; where two are not equal the function is refused */
} LatheLaunch;

typedef enum LatheStepKind {
  LATHE_STEP_SIZE = 0, /* reads the int64_t in `value`, which must be at least 0, into `symbol` */
  LATHE_STEP_IF = 1,   /* runs functions[0] where the bool in `value` is true, else functions[1] */
  LATHE_STEP_LOOP = 2  /* runs functions[0] again and again, as ONNX Loop does */
} LatheStepKind;

/* What the runtime does itself, between launches. A function that is called starts with the symbols of the caller; those
 * that the caller does not know follow from the shapes of its inputs. Symbols in the dims of `results` that are not known
 * before follow from what came out.
 * IF: `operands` are the functions' inputs, `results` their outputs.
 * LOOP: the body's inputs are the iteration (int64_t scalar), the condition (bool scalar), then `operands`, of which the
 * first `carried` are replaced by its outputs 1 .. carried after each iteration; its output 0 says whether to go on. It
 * starts where `limit` (int64_t; LATHE_NONE: none) is above 0 and the bool in `value` (LATHE_NONE: true) is true.
 * `results` are the carried values in the end, then the body's other outputs of all iterations, stacked along a new first
 * axis. */
typedef struct LatheStep {
  uint32_t kind;
  uint32_t name;         /* string: where in the model it comes from, or LATHE_NONE */
  uint32_t symbol;       /* SIZE */
  uint32_t value, limit; /* buffers, each of one element */
  uint32_t carried;      /* LOOP */
  uint32_t functions[2]; /* below the function that calls, or LATHE_NONE */
  LatheSpan operands;    /* indices -> buffers */
  LatheSpan results;     /* indices -> buffers in LATHE_ARENA_RESULT */
} LatheStep;

/* A part of a function whose sizes are known before it begins: launches, then steps, each in order. */
typedef struct LatheStage {
  LatheSpan launches; /* of the function's */
  LatheSpan steps;
  uint32_t pool;         /* the scratch memory that it makes; what was in there is not needed any more */
  uint32_t scratchBytes; /* expression: size of that memory; 0: it makes none */
} LatheStage;

/* "step": the ragged step function of a decoder (lathe.h says what its inputs mean); "forward": the graph as imported;
 * others are called by those. */
typedef struct LatheFunction {
  uint32_t name;
  uint32_t scratchBytes; /* expression: size of the scratch memory 0, without `stages` */
  uint32_t stateBytes;   /* expression: size of the state arena */
  uint32_t pools;        /* number of scratch memories, with `stages` */
  LatheSpan inputs, outputs; /* indices -> buffers */
  LatheSpan launches;
  LatheSpan stages; /* in order, with all the launches; none: all sizes are known from the inputs, there are no steps */
} LatheFunction;

/* ---- generated code -------------------------------------------------------------------------------------------- */

/* What a kernel is called with. `launchSerial` differs between any two launches of a session, so that a kernel can do
 * work once per thread and launch and keep it in `threadScratch` (64-byte aligned, kept between calls, first 8 bytes 0
 * at the start). */
typedef struct LatheKernelContext {
  void *const *buffers;
  const int64_t *params;
  void *threadScratch;
  uint64_t launchSerial;
} LatheKernelContext;

typedef void (*LatheKernelFunction)(const LatheKernelContext *context, int64_t tileBegin, int64_t tileEnd);

#ifdef __cplusplus
}
#endif
#endif
