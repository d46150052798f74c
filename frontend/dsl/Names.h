// The names that the language itself gives a meaning: checker and builder share them.
#pragma once

#include <span>
#include <string_view>

namespace lathe::dsl {

/// Functions of numbers; of the names that are operations too, the operation is meant when an argument is a tensor.
inline constexpr std::string_view numberFunctions[] = {"sqrt", "exp",   "log",   "sin", "cos", "pow", "min",
                                                       "max",  "floor", "round", "abs", "mod", "int", "float"};
/// Questions about weights and lists: size(weight, axis), values(weight), length(list).
inline constexpr std::string_view questions[] = {"size", "values", "length"};
/// Functions with named arguments: rope_frequencies(base: b, dims: d, scaling: "yarn", factor: f, ...).
inline constexpr std::string_view tableFunctions[] = {"rope_frequencies"};
inline constexpr std::string_view frequencyArguments[] = {"base", "dims", "scaling", "factor", "original",
                                                          "low",  "high", "slow",    "fast",   "truncate"};
/// Operations whose result type is given by their arguments: reshape(x, sizes), expand(x, sizes), cast(x, type),
/// slice(x, axis: a, from: begin, to: end).
inline constexpr std::string_view typedCalls[] = {"reshape", "expand", "cast", "slice"};
/// Operations that the compiler makes and a model file does not call.
inline constexpr std::string_view hiddenOperations[] = {"constant", "weight",           "dims",        "positions",
                                                        "range",    "cached_attention", "cache_append"};
inline constexpr std::string_view typeNames[] = {"f32", "f16", "bf16", "i32", "i64"};
/// Values that exist in a graph: the symbolic sizes and the positions of the tokens.
inline constexpr std::string_view graphNames[] = {"batch", "tokens", "positions"};

inline bool isOneOf(std::string_view name, std::span<const std::string_view> names) {
  for (std::string_view known : names)
    if (known == name)
      return true;
  return false;
}

} // namespace lathe::dsl
