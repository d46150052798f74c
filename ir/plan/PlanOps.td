// The plan dialect: when things are computed, by which kernel, on which bytes.
#ifndef LATHE_IR_PLAN_OPS
#define LATHE_IR_PLAN_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::lathe::plan";
  let summary = "when, by which kernel, on which bytes";
  let description = [{
    After `select` a function consists of `plan.group` over value tensors; after `schedule` it is a `plan.program` of launches
    over buffers; after `place` every scratch buffer has a slot. codegen/ArtifactWriter.h turns programs into the plan section of an
    artifact. Sizes are affine maps from the program's symbols: `affine_map<()[s0] -> (s0 * 2304)>`.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::lathe::llm::LlmDialect"];
}

def Plan_BufferType : TypeDef<Plan_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "bytes that a launch reads or writes";
  let description = "The op that makes it says in which arena it lies, its element type and its shape.";
}

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;

// ---- after select -------------------------------------------------------------------------------------------------

def Plan_GroupOp : Plan_Op<"group", [IsolatedFromAbove, SingleBlock]> {
  let summary = "llm ops that one launch computes";
  let description = [{
    The region says what is computed: its arguments stand for the operands, `plan.yield` gives the results. `kernel` is the
    template's folder, `parameters` and `functors` make its text (docs/architecture.md, Kernels). `params` are the integers the
    kernel gets at run time, `grid` the number of tiles, `thread_scratch` bytes for each thread, `bytes_read` what it must read from
    weights and cache, all as maps from the function's symbols. `packing` has an entry for each operand: "" (plain), "lanes",
    "lanes2" (two interleaved halves). `workspaces` are extra buffers after operands and results: maps that give bytes; those with a
    1 in `persistent` lie in the state arena, zero at first. A result of a cache type is the cache operand, updated in place.
    `checks` are pairs of expressions: where the two are not equal the function is refused.
    Example: see test/passes/plan/select.mlir.
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, StrAttr:$kernel, DictionaryAttr:$parameters, StrAttr:$functors,
                       AffineMapAttr:$params, AffineMapAttr:$grid, AffineMapAttr:$thread_scratch, AffineMapAttr:$bytes_read,
                       ArrayAttr:$packing, AffineMapAttr:$workspaces, DenseI64ArrayAttr:$persistent,
                       OptionalAttr<AffineMapAttr>:$checks);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict-with-keyword `:` functional-type($inputs, $outputs) $body";
  let hasVerifier = 1;
}

def Plan_YieldOp : Plan_Op<"yield", [Terminator, Pure, ParentOneOf<["GroupOp"]>]> {
  let summary = "the results of a group";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

// ---- after schedule -----------------------------------------------------------------------------------------------

def Plan_ProgramOp : Plan_Op<"program", [IsolatedFromAbove, SingleBlock, NoTerminator, Symbol]> {
  let summary = "one function of the artifact";
  let description = [{
    Buffers, launches and steps (`plan.size`, `plan.if`, `plan.loop`), in order. `symbols` names the symbolic sizes; what `plan.size` or a
    result of a call defines is known from the next launch on that follows a step: there a new stage begins.
    After `place`, `slots` holds for each slot of the scratch arena a map whose results are the sizes in bytes of its buffers: the slot is
    as large as the largest; slots lie one after another. Where there are several stages, `slot_stages` says which one makes a slot (its
    sizes are known then), and `stage_pools` in which memory the slots of a stage lie; a memory is made anew by each stage that has it.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$symbols, OptionalAttr<ArrayAttr>:$slots,
                       OptionalAttr<DenseI64ArrayAttr>:$slot_stages,
                       OptionalAttr<DenseI64ArrayAttr>:$stage_pools);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name $symbols attr-dict-with-keyword $body";
}

def Plan_Arena : I32EnumAttr<"Arena", "where a buffer lies", [
    I32EnumAttrCase<"input", 0>, I32EnumAttrCase<"output", 1>, I32EnumAttrCase<"scratch", 2>, I32EnumAttrCase<"state", 3>,
    I32EnumAttrCase<"result", 4>]> {
  let cppNamespace = "::lathe::plan";
  let genSpecializedAttr = 0;
}
def Plan_ArenaAttr : EnumAttr<Plan_Dialect, Plan_Arena, "arena">;

def Plan_BufferOp : Plan_Op<"buffer"> {
  let summary = "a buffer in one of the arenas";
  let description = [{
    `dims` maps the symbols to the shape; bytes are the product times the size of `element` (for caches and workspaces: `element` is i8 and
    dims the bytes). `label` is the input's or output's name, or what it holds. `slot` is set by `place`, for scratch.
  }];
  let arguments = (ins Plan_ArenaAttr:$arena, StrAttr:$label, TypeAttr:$element, AffineMapAttr:$dims, OptionalAttr<I64Attr>:$slot);
  let results = (outs Plan_BufferType:$result);
  let assemblyFormat = "$arena $label $element $dims attr-dict";
}

def Plan_WeightOp : Plan_Op<"weight", [Pure]> {
  let summary = "a packed weight";
  let description = [{
    Rows of the weight table's entries, one below the other, packed as `packing` says ("", "lanes", "lanes2"). Each piece is a dictionary:
    `name`, and where they differ from the whole entry `first` and `rows`; with `transposed` the entry holds (columns, rows).
    `element` is the element type as packed, (`rows`, `columns`) its shape; a vector has one row.
  }];
  let arguments = (ins StrAttr:$label, TypeAttr:$element, I64Attr:$rows, I64Attr:$columns, StrAttr:$packing, ArrayAttr:$pieces);
  let results = (outs Plan_BufferType:$result);
  let assemblyFormat = "$label $element $rows `x` $columns $packing $pieces attr-dict";
}

def Plan_ConstantOp : Plan_Op<"constant", [Pure]> {
  let summary = "a small constant";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Plan_BufferType:$result);
  let assemblyFormat = "$value attr-dict";
}

def Plan_LaunchOp : Plan_Op<"launch"> {
  let summary = "a kernel over its tiles";
  let description = [{
    The first `reads` operands are read, the next `writes` written (some caches are both: they stand among the first and are named in
    `updates`), the rest is workspace. Other attributes as in `plan.group`.
  }];
  let arguments = (ins Variadic<Plan_BufferType>:$buffers, StrAttr:$kernel, DictionaryAttr:$parameters, StrAttr:$functors,
                       AffineMapAttr:$params, AffineMapAttr:$grid, AffineMapAttr:$thread_scratch, AffineMapAttr:$bytes_read,
                       I64Attr:$reads, I64Attr:$writes, DenseI64ArrayAttr:$updates, OptionalAttr<AffineMapAttr>:$checks);
  let assemblyFormat = "$kernel `(` $buffers `)` attr-dict-with-keyword";
  let hasVerifier = 1;
}

def Plan_SizeOp : Plan_Op<"size"> {
  let summary = "reads a size that data decides";
  let description = [{
    The i64 in `value` becomes the value of the program's symbol of that name.
    Example: `plan.size %count "nonzeros"`
  }];
  let arguments = (ins Plan_BufferType:$value, StrAttr:$symbol);
  let assemblyFormat = "$value $symbol attr-dict";
}

def Plan_IfOp : Plan_Op<"if", [AttrSizedOperandSegments]> {
  let summary = "runs one of two programs";
  let description = [{
    The program `then` where the bool in `condition` is true, else `otherwise`, with these inputs. What it gives becomes the
    content of `outputs`, buffers in the arena `result`; symbols in their dims that are not known before follow from it.
    Example: `plan.if %c, @then_0, @else_0 (%x, %y) -> (%r)`
  }];
  let arguments = (ins Plan_BufferType:$condition, FlatSymbolRefAttr:$then, FlatSymbolRefAttr:$otherwise,
                       Variadic<Plan_BufferType>:$inputs, Variadic<Plan_BufferType>:$outputs);
  let assemblyFormat = "$condition `,` $then `,` $otherwise `(` $inputs `)` `->` `(` $outputs `)` attr-dict";
}

def Plan_LoopOp : Plan_Op<"loop", [AttrSizedOperandSegments]> {
  let summary = "runs a program again and again";
  let description = [{
    As LATHE_STEP_LOOP of runtime/artifact.h says. Example: `plan.loop @body_0 limit %n (%x, %y) carried 1 -> (%r, %s)`
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Optional<Plan_BufferType>:$limit, Optional<Plan_BufferType>:$condition,
                       Variadic<Plan_BufferType>:$inputs, I64Attr:$carried, Variadic<Plan_BufferType>:$outputs);
  let assemblyFormat = [{
    $body (`limit` $limit^)? (`while` $condition^)? `(` $inputs `)` `carried` $carried `->` `(` $outputs `)` attr-dict
  }];
}

#endif
