// See Compiler.h.
#include "tools/compile/Compiler.h"

#include "codegen/ArtifactWriter.h"
#include "codegen/Instantiate.h"
#include "codegen/cpu/CompileCpu.h"
#include "ir/llm/Llm.h"
#include "ir/plan/Plan.h"
#include "runtime/tokenizer/Tokenizer.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/Diagnostics.h>
#include <mlir/Pass/PassManager.h>

#include <map>
#include <thread>

using namespace mlir;

namespace lathe {

Compiler::Compiler(CompileOptions options) : options_(std::move(options)) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, llm::LlmDialect, plan::PlanDialect>();
  context_ = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context_->loadAllAvailableDialects();
  cache_ = std::make_unique<KernelCache>(KernelCache::defaultFolders(), [](const std::string &warning) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  });
  if (options_.threads == 0)
    options_.threads = std::max(1u, std::thread::hardware_concurrency());
}

Compiler::~Compiler() = default;

void Compiler::report(const std::string &what, uint64_t done, uint64_t total) {
  if (options_.progress)
    options_.progress(what, done, total);
}

Status Compiler::import() {
  for (const std::string &text : options_.targets) {
    Result<Target> target = Target::parse(text);
    if (!target)
      return target.status();
    targets_.push_back(*target);
  }
  report("importing");
  ImportOptions importOptions;
  importOptions.weights = options_.weightsFile;
  importOptions.facts = options_.facts;
  importOptions.constants = options_.constants;
  Result<Model> model = importModel(*context_, options_.model, importOptions);
  if (!model)
    return model.status();
  model_ = std::move(*model);
  return Status::success();
}

Status Compiler::checkExpected() {
  std::map<std::string, int64_t> counts;
  auto forward = module().lookupSymbol<func::FuncOp>("forward");
  if (forward)
    forward.walk([&](Operation *op) {
      if (auto dialect = op->getDialect(); dialect && dialect->getNamespace() == "llm")
        ++counts[op->getName().stripDialect().str()];
    });
  std::string problem;
  for (const auto &[name, count] : options_.expect)
    if (int64_t found = counts.count(name) ? counts[name] : 0; found != count)
      problem +=
          (problem.empty() ? "" : ", ") + name + "=" + std::to_string(found) + " instead of " + std::to_string(count);
  if (problem.empty())
    return Status::success();
  std::string all;
  for (const auto &[name, count] : counts)
    all += " " + name + "=" + std::to_string(count);
  return Status::failure("after fusion the graph has " + problem + "; it has" + all + "\n" + textOf(explanation()));
}

Explanation Compiler::explanation() { return explainFusion(module(), fusionLog_); }

Status Compiler::lower(Phase last) {
  std::optional<Location> place;
  ScopedDiagnosticHandler handler(context_.get(), [&](Diagnostic &diagnostic) {
    // What follows at the same place says the same in general words ("failed to infer returned types").
    bool repeated = place && *place == diagnostic.getLocation() && !isa<UnknownLoc>(*place);
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !repeated) {
      place = diagnostic.getLocation();
      std::string text;
      ::llvm::raw_string_ostream stream(text);
      if (!isa<UnknownLoc>(diagnostic.getLocation()))
        stream << placeText(diagnostic.getLocation()) << ": ";
      stream << diagnostic;
      if (!diagnostics_.empty())
        diagnostics_ += "\n";
      diagnostics_ += text;
    }
    return success();
  });
  for (int phase = static_cast<int>(done_) + 1; phase <= static_cast<int>(last); ++phase) {
    if (cancelled())
      return Status::failure("interrupted");
    report("lowering");
    PassManager manager(context_.get());
    PipelineOptions pipeline;
    pipeline.target = targets_.front().print();
    pipeline.compute = options_.compute;
    pipeline.kvType = options_.kvType != "auto" ? options_.kvType : options_.compute == "f32" ? "f32" : "f16";
    pipeline.wantStep = options_.wantStep;
    pipeline.requireStep = options_.requireStep;
    pipeline.wantForward = options_.wantForward;
    pipeline.log = options_.explain || !options_.expect.empty() ? &fusionLog_ : nullptr;
    buildPhase(manager, static_cast<Phase>(phase), pipeline);
    if (failed(manager.run(module())))
      return Status::failure(options_.model + ": " + diagnostics_);
    if (static_cast<Phase>(phase) == Phase::Fuse)
      if (Status status = checkExpected(); !status)
        return status;
    done_ = static_cast<Phase>(phase);
  }
  return Status::success();
}

std::string Compiler::print(bool locations) {
  std::string text;
  ::llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo(true, true);
  module().print(stream, flags);
  return text;
}

Status Compiler::generate() {
  kernels_ = kernelSources(module());
  for (const Target &target : targets_) {
    report("compiling kernels", 0, kernels_.size());
    Result<std::vector<std::byte>> code = compileCpu(
        kernels_, target, *cache_, options_.threads,
        [&](const CompileProgress &progress) { report("compiling kernels", progress.done, progress.total); },
        options_.cancel);
    if (!code)
      return code.status();
    code_.push_back(std::move(*code));
  }
  Result<PlanSection> plan = makePlanSection(module(), model_->weights, options_.storage);
  if (!plan)
    return Status::failure(options_.model + ": " + plan.message());
  plan_ = std::move(*plan);
  return Status::success();
}

std::string Compiler::metadata() const {
  nlohmann::json metadata = model_->metadata;
  metadata["compute"] = options_.compute;
  metadata["page_tokens"] = 64;
  for (const Target &target : targets_)
    metadata["targets"][target.print()] = target.features();
  return metadata.dump();
}

Status Compiler::write(const std::string &path) {
  if (model_->tokenizer)
    if (auto tokenizer = Tokenizer::create(*model_->tokenizer); !tokenizer)
      return Status::failure(options_.model + ": " + tokenizer.message());
  ArtifactContent content;
  content.plan = &plan_;
  for (size_t i = 0; i < targets_.size(); ++i)
    content.code.push_back({targets_[i].print(), code_[i]});
  if (model_->tokenizer)
    content.tokenizer = model_->tokenizer->serialize();
  content.metadata = metadata();
  return writeArtifact(path, content, [&](uint64_t done, uint64_t total) {
    report("packing weights", done, total);
    return !cancelled();
  });
}

Result<std::shared_ptr<const Artifact>> Compiler::inProcess() {
  ArtifactContent content;
  content.plan = &plan_;
  for (size_t i = 0; i < targets_.size(); ++i)
    content.code.push_back({targets_[i].print(), code_[i]});
  if (model_->tokenizer)
    content.tokenizer = model_->tokenizer->serialize();
  content.metadata = metadata();
  Result<std::vector<std::byte>> bytes = artifactBytes(content);
  if (!bytes)
    return bytes.status();
  return Artifact::fromBytes(*bytes, options_.model);
}

} // namespace lathe
