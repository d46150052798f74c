// lathe check: what a model is and everything of it that cannot be compiled, from the graph alone: operators, shapes,
// ops that no kernel computes. Generates no code and reads no weights.
#include "tools/lathe/Commands.h"

#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapes.h"
#include "passes/fusion/NearMiss.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <map>

namespace lathe {
namespace {

struct Options : ModelOptions {
  bool json = false, quiet = false;
};

struct Tensor {
  std::string name, type;
};

/// Sizes that stay unknown until the model runs, of one operator.
struct Unknown {
  std::string op, first;
  int64_t count = 0;
};

std::string typeText(mlir::Value value, const llm::SymbolicShapes &shapes) {
  auto type = llvm::cast<mlir::RankedTensorType>(value.getType());
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << type.getElementType() << " (";
  llvm::interleaveComma(shapes.sizesOf(value), stream,
                        [&](mlir::AffineExpr size) { stream << sizeText(size, shapes); });
  stream << ")";
  return text;
}

class Check {
public:
  explicit Check(const Options &options) : options(options) {}

  int run() {
    CompileOptions compilation = compileOptions(options);
    compilation.facts = &facts;
    Compiler compiler(compilation);
    if (Status status = compiler.import(); !status) {
      if (facts.unsupported.empty())
        problems.push_back(status.message());
    } else {
      describe(compiler);
      if (Status status = compiler.lower(Phase::Select); !status)
        addLines(status.message());
    }
    bool works = problems.empty() && facts.unsupported.empty();
    if (options.json)
      printJson(works);
    else
      print(works);
    return works ? 0 : 1;
  }

private:
  const Options &options;
  ModelFacts facts;
  std::vector<Tensor> inputs, outputs;
  std::vector<std::string> problems;
  std::vector<Unknown> unknown;

  void addLines(const std::string &text) {
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find('\n', at), text.size());
      problems.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }

  void describe(Compiler &compiler) {
    auto forward = compiler.module().lookupSymbol<mlir::func::FuncOp>("forward");
    if (!forward || forward.isExternal())
      return;
    llm::SymbolicShapes shapes(forward);
    auto nameOf = [](mlir::StringAttr name) { return name ? name.getValue().str() : std::string(); };
    for (mlir::BlockArgument argument : forward.getArguments())
      inputs.push_back({nameOf(forward.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "llm.name")),
                        typeText(argument, shapes)});
    mlir::Operation *end = forward.getBody().front().getTerminator();
    for (mlir::OpOperand &result : end->getOpOperands())
      outputs.push_back({nameOf(forward.getResultAttrOfType<mlir::StringAttr>(result.getOperandNumber(), "llm.name")),
                         typeText(result.get(), shapes)});
    std::map<std::string, size_t> index;
    for (mlir::Operation &op : forward.getBody().front())
      for (mlir::Value result : op.getResults()) {
        if (!llvm::isa<mlir::RankedTensorType>(result.getType()) ||
            llvm::all_of(shapes.sizesOf(result), [](mlir::AffineExpr size) { return static_cast<bool>(size); }))
          continue;
        std::string name = op.getName().getStringRef().str();
        auto [entry, isNew] = index.try_emplace(name, unknown.size());
        if (isNew)
          unknown.push_back({name, placeText(op.getLoc())});
        ++unknown[entry->second].count;
      }
  }

  void print(bool works) const {
    std::string opsets;
    for (const auto &[domain, version] : facts.opsets)
      opsets += (opsets.empty() ? "" : ", ") + domain + " " + std::to_string(version);
    std::printf("%s: %s", options.model.c_str(),
                facts.format.empty() ? "no model that can be read" : facts.format.c_str());
    if (!facts.producer.empty())
      std::printf(", %s", facts.producer.c_str());
    if (!opsets.empty())
      std::printf(", opset %s, %lld nodes", opsets.c_str(), static_cast<long long>(facts.nodes));
    std::printf("\n");
    for (const Tensor &input : inputs)
      std::printf("  in   %s: %s\n", input.name.c_str(), input.type.c_str());
    for (const Tensor &output : outputs)
      std::printf("  out  %s: %s\n", output.name.c_str(), output.type.c_str());
    if (facts.parameters)
      std::printf("  %llu parameters, %llu bytes\n", static_cast<unsigned long long>(facts.parameters),
                  static_cast<unsigned long long>(facts.parameterBytes));
    for (const Unknown &entry : unknown)
      std::printf("  sizes known only when it runs: %lld of %s, the first at %s\n", static_cast<long long>(entry.count),
                  entry.op.c_str(), entry.first.c_str());
    if (!facts.unsupported.empty())
      std::printf("not supported:\n");
    for (const ModelFacts::Unsupported &entry : facts.unsupported) {
      std::printf("  %s.%s%s, opset %lld: %lld node%s, the first '%s'\n", entry.domain.c_str(), entry.name.c_str(),
                  entry.what.empty() ? "" : (" (" + entry.what + ")").c_str(), static_cast<long long>(entry.opset),
                  static_cast<long long>(entry.count), entry.count == 1 ? "" : "s", entry.first.c_str());
      if (!entry.hint.empty())
        std::printf("    %s\n", entry.hint.c_str());
    }
    for (const std::string &problem : problems)
      std::printf("error: %s\n", problem.c_str());
    std::printf(works ? "can be compiled\n" : "cannot be compiled\n");
  }

  void printJson(bool works) const {
    nlohmann::json out = {{"model", options.model},
                          {"works", works},
                          {"format", facts.format},
                          {"producer", facts.producer},
                          {"nodes", facts.nodes},
                          {"parameters", facts.parameters},
                          {"parameter_bytes", facts.parameterBytes},
                          {"problems", problems}};
    out["opsets"] = nlohmann::json::object();
    for (const auto &[domain, version] : facts.opsets)
      out["opsets"][domain] = version;
    for (const char *key : {"inputs", "outputs", "unsupported", "unknown_sizes"})
      out[key] = nlohmann::json::array();
    for (const Tensor &input : inputs)
      out["inputs"].push_back({{"name", input.name}, {"type", input.type}});
    for (const Tensor &output : outputs)
      out["outputs"].push_back({{"name", output.name}, {"type", output.type}});
    for (const ModelFacts::Unsupported &entry : facts.unsupported)
      out["unsupported"].push_back({{"domain", entry.domain},
                                    {"name", entry.name},
                                    {"what", entry.what},
                                    {"opset", entry.opset},
                                    {"count", entry.count},
                                    {"first", entry.first},
                                    {"hint", entry.hint}});
    for (const Unknown &entry : unknown)
      out["unknown_sizes"].push_back({{"op", entry.op}, {"first", entry.first}, {"count", entry.count}});
    std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }
};

int check(const Options &options) {
  if (Artifact::isArtifact(options.model)) {
    auto artifact = openModel(options, options.quiet);
    if (!artifact)
      return fail(artifact.status());
    std::printf("%s: a compiled artifact\ncan be run\n", options.model.c_str());
    return 0;
  }
  return Check(options).run();
}

} // namespace

void addCheckCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand(
      "check", "say what a model is, and everything of it that is not supported, without compiling it");
  addModelOptions(*command, *options);
  command->add_flag("--json", options->json, "as JSON");
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Examples:\n  lathe check model.onnx\n  lathe check model.gguf --json");
  command->final_callback([options, &result] { result = check(*options); });
}

} // namespace lathe
