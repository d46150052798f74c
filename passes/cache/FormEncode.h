// The encoder of an encoder-decoder as a function of its own: what the decoder reads of a source, into a cache. Private to
// passes/cache.
#pragma once

#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lathe {

/// The argument that holds the tokens of the decoder, where another holds those of the source; null for graphs that have
/// no source.
mlir::BlockArgument decoderTokens(mlir::func::FuncOp forward);

/// The attentions of the decoder over keys and values that follow from the source alone, in order.
llvm::SmallVector<mlir::Operation *> crossAttentions(mlir::func::FuncOp forward);

/// Adds `@encode(token_ids, positions, sequences, block_table, caches...) -> caches`, which encodes one source and writes
/// the keys and values of each cross attention into its cache; symbols `source_tokens`, `source_blocks`, `source_pages`.
/// Gives why it cannot be done; empty when it was.
std::string formEncode(mlir::func::FuncOp forward, llvm::ArrayRef<mlir::Operation *> cross,
                       llvm::ArrayRef<mlir::Type> caches);

/// The argument dictionary of an argument of a step or of encode.
mlir::DictionaryAttr argumentAttributes(mlir::OpBuilder &builder, llvm::StringRef name,
                                        llvm::ArrayRef<mlir::AffineExpr> dims, unsigned symbols);

} // namespace lathe
