// See Instantiate.h.
#include "codegen/Instantiate.h"

#include "runtime/ContentHash.h"

#include <cmath>
#include <unordered_set>

using namespace mlir;

namespace lathe {
namespace {

std::string floatText(double value) {
  if (std::isinf(value))
    return value > 0 ? "__builtin_inff()" : "-__builtin_inff()";
  if (std::isnan(value))
    return "__builtin_nanf(\"\")";
  char text[64];
  std::snprintf(text, sizeof text, "%af", value); // exact
  return text;
}

/// One definition in namespace lathe::parameters.
std::string parameterText(NamedAttribute parameter) {
  std::string name = parameter.getName().str();
  Attribute value = parameter.getValue();
  if (auto text = dyn_cast<StringAttr>(value))
    return "using " + name + " = " + text.str() + ";\n";
  if (auto boolean = dyn_cast<BoolAttr>(value))
    return "constexpr bool " + name + " = " + (boolean.getValue() ? "true" : "false") + ";\n";
  if (auto integer = dyn_cast<IntegerAttr>(value))
    return "constexpr int64_t " + name + " = " + std::to_string(integer.getInt()) + ";\n";
  if (auto number = dyn_cast<FloatAttr>(value))
    return "constexpr float " + name + " = " + floatText(number.getValueAsDouble()) + ";\n";
  auto array = cast<DenseI64ArrayAttr>(value).asArrayRef();
  std::string text = "constexpr int64_t " + name + "[] = {";
  for (int64_t element : array)
    text += std::to_string(element) + ", ";
  return text + (array.empty() ? "0};\n" : "};\n"); // C++ has no empty arrays
}

} // namespace

KernelSource instantiate(plan::LaunchOp launch) {
  std::string kernel = launch.getKernel().str();
  std::string text =
      "#include \"common/cpu/lanes.h\"\n#include \"common/cpu/pointwise.h\"\nnamespace lathe::parameters {\n";
  std::string description = kernel;
  for (NamedAttribute parameter : launch.getParameters()) {
    std::string line = parameterText(parameter);
    text += line;
    if (auto array = dyn_cast<DenseI64ArrayAttr>(parameter.getValue()); array && array.size() > 8)
      continue; // tables say nothing to a person
    line.pop_back();
    line.pop_back();
    for (const char *prefix : {"constexpr ", "int64_t ", "bool ", "float ", "using "})
      if (line.starts_with(prefix))
        line.erase(0, std::string_view(prefix).size());
    description += (description == kernel ? ": " : ", ") + line;
  }
  text += "} // namespace lathe::parameters\nnamespace lathe::functors {\n";
  text += launch.getFunctors();
  text += "} // namespace lathe::functors\n#include \"" + kernel + "/" + kernel + ".cpu.h\"\n";
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016lx", contentHash(std::as_bytes(std::span(text.data(), text.size()))));
  std::string symbol = "lathe_" + kernel + "_" + hash;
  text += "extern \"C\" __attribute__((visibility(\"default\"))) void " + symbol +
          "(const LatheKernelContext *context, int64_t begin, int64_t end) { lathe::" + kernel +
          "(*context, begin, end); }\n";
  return {symbol, text, description};
}

std::vector<KernelSource> kernelSources(ModuleOp module) {
  std::vector<KernelSource> sources;
  std::unordered_set<std::string> seen;
  module.walk([&](plan::LaunchOp launch) {
    KernelSource source = instantiate(launch);
    if (seen.insert(source.symbol).second)
      sources.push_back(std::move(source));
  });
  return sources;
}

} // namespace lathe
