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
#define LATHE_ARTIFACT_VERSION 1u
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
  LatheArray functions;   /* LatheFunction */
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
  LATHE_EXPR_MIN = 9
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
  LATHE_ARENA_OUTPUT = 1,  /* the caller's memory */
  LATHE_ARENA_SCRATCH = 2, /* one per session, reused by every step */
  LATHE_ARENA_STATE = 3,   /* one per session, kept between steps: KV cache pools */
  LATHE_ARENA_WEIGHT = 4   /* `weight` says which */
} LatheArena;

typedef struct LatheBuffer {
  uint32_t name;   /* string or LATHE_NONE */
  uint32_t arena;  /* LatheArena */
  uint32_t type;   /* LatheType of an element */
  uint32_t weight; /* index of a LatheWeight, for LATHE_ARENA_WEIGHT */
  LatheSpan dims;  /* indices -> expressions: the shape, outermost first */
  uint32_t offset; /* expression: bytes from the arena's start, a multiple of 64; scratch and state only */
  uint32_t bytes;  /* expression */
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
} LatheLaunch;

/* "step": the ragged step function of a decoder (lathe.h says what its inputs mean); "forward": the graph as imported.
 */
typedef struct LatheFunction {
  uint32_t name;
  uint32_t scratchBytes; /* expression: size of the scratch arena */
  uint32_t stateBytes;   /* expression: size of the state arena */
  uint32_t reserved;
  LatheSpan inputs, outputs; /* indices -> buffers */
  LatheSpan launches;
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
