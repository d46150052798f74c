// Runs Clang's front end and LLVM's back end on a kernel; see Clang.h. The file system it sees is in memory.
#include "codegen/cpu/Clang.h"

#include "kernels-templates/TemplateSources.h"

#include "clang/Basic/Diagnostic.h"
#include "clang/Basic/DiagnosticOptions.h"
#include "clang/Basic/Version.h"
#include "clang/CodeGen/CodeGenAction.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/CompilerInvocation.h"
#include "clang/Frontend/TextDiagnosticPrinter.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/VirtualFileSystem.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <mutex>
#include <set>
#include <string_view>

namespace lathe {

namespace {

constexpr const char *root = "/lathe";
constexpr const char *triple = "x86_64-unknown-linux-gnu";

/// cc1 arguments that do not depend on the target.
const std::vector<std::string> &commonArguments() {
  static const std::vector<std::string> arguments = {"-triple",
                                                     triple,
                                                     "-emit-obj",
                                                     "-x",
                                                     "c++",
                                                     "-std=c++20",
                                                     "-O3",
                                                     "-ffreestanding",
                                                     "-fno-rtti",
                                                     "-fno-threadsafe-statics",
                                                     "-ffp-contract=on",
                                                     "-fwrapv",
                                                     "-mrelocation-model",
                                                     "pic",
                                                     "-pic-level",
                                                     "2",
                                                     "-mframe-pointer=none",
                                                     "-vectorize-loops",
                                                     "-vectorize-slp",
                                                     "-nostdsysteminc",
                                                     "-nobuiltininc",
                                                     "-mprefer-vector-width=512",
                                                     "-Wno-psabi",
                                                     "-ferror-limit",
                                                     "5",
                                                     "-fno-caret-diagnostics",
                                                     "-main-file-name",
                                                     "kernel.cpp",
                                                     "-I",
                                                     root};
  return arguments;
}

void initialiseBackend() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
  });
}

llvm::StringRef ref(std::string_view text) { return {text.data(), text.size()}; }

llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> filesFor(const KernelSource &source) {
  auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  for (const EmbeddedFile &file : templateSources())
    files->addFile(std::string(root) + "/" + std::string(file.name), 0,
                   llvm::MemoryBuffer::getMemBuffer(ref(file.text), ref(file.name)));
  files->addFile(std::string(root) + "/kernel.cpp", 0, llvm::MemoryBuffer::getMemBuffer(source.text, "kernel.cpp"));
  return files;
}

} // namespace

const std::string &compilerFingerprint() {
  static const std::string text = [] {
    std::string line = clang::getClangFullVersion();
    for (const std::string &argument : commonArguments())
      line += " " + argument;
    return line;
  }();
  return text;
}

std::vector<std::string> includedTemplates(const std::string &text) {
  std::vector<std::string> found;
  std::set<std::string_view> seen;
  auto visit = [&](auto &self, std::string_view body) -> void {
    constexpr std::string_view directive = "#include \"";
    for (size_t at = body.find(directive); at != std::string_view::npos; at = body.find(directive, at)) {
      at += directive.size();
      std::string_view name = body.substr(at, body.find('"', at) - at);
      for (const EmbeddedFile &file : templateSources()) {
        if (file.name != name || !seen.insert(file.name).second)
          continue;
        found.emplace_back(name);
        self(self, file.text);
      }
    }
  };
  visit(visit, text);
  return found;
}

Result<std::vector<std::byte>> compileObject(const KernelSource &source, const Target &target) {
  initialiseBackend();
  std::vector<std::string> arguments = commonArguments();
  std::string tune = target.cpu().starts_with("x86-64") ? "generic" : target.cpu();
  arguments.insert(arguments.end(), {"-target-cpu", target.cpu(), "-tune-cpu", tune});
  for (const std::string &adjustment : target.adjustments())
    arguments.insert(arguments.end(), {"-target-feature", adjustment});
  arguments.push_back(std::string(root) + "/kernel.cpp");
  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());

  std::string messages;
  llvm::raw_string_ostream messageStream(messages);
  auto options = llvm::makeIntrusiveRefCnt<clang::DiagnosticOptions>();
  options->ShowCarets = false;
  options->ShowColors = false;
  auto failure = [&](const llvm::Twine &fallback) {
    std::string text = llvm::StringRef(messages).rtrim().str();
    for (size_t at = text.find("/lathe/"); at != std::string::npos; at = text.find("/lathe/", at))
      text.erase(at, 7);
    return Status::failure("kernel '" + source.description + "' does not compile for " + target.print() + ": " +
                           (text.empty() ? fallback.str() : text));
  };

  clang::CompilerInstance compiler;
  clang::TextDiagnosticPrinter printer(messageStream, options.get());
  auto diagnostics = clang::CompilerInstance::createDiagnostics(options.get(), &printer, /*ShouldOwnClient=*/false);
  if (!clang::CompilerInvocation::CreateFromArgs(compiler.getInvocation(), pointers, *diagnostics))
    return failure("the compiler refuses its arguments");
  // Inclusion in two kernels must not make their functions one: what is not the entry is private before it is
  // optimised.
  bool hasEntry = source.symbol.empty();
  compiler.getCodeGenOpts().PassBuilderCallbacks.push_back([&](llvm::PassBuilder &passes) {
    passes.registerPipelineStartEPCallback([&](llvm::ModulePassManager &manager, llvm::OptimizationLevel) {
      if (source.symbol.empty())
        return;
      manager.addPass(llvm::InternalizePass([&](const llvm::GlobalValue &value) {
        bool isEntry = value.getName() == source.symbol;
        hasEntry |= isEntry;
        return isEntry;
      }));
    });
  });
  compiler.createDiagnostics(&printer, /*ShouldOwnClient=*/false);
  compiler.setVerboseOutputStream(messageStream);
  compiler.createFileManager(filesFor(source));
  llvm::SmallVector<char, 0> object;
  compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(object));
  clang::EmitObjAction action;
  bool done = compiler.ExecuteAction(action);
  if (!done || compiler.getDiagnostics().hasErrorOccurred() || object.empty())
    return failure("the compiler gave no object");
  if (!hasEntry)
    return failure("its text defines no function '" + source.symbol + "'");
  auto bytes = reinterpret_cast<const std::byte *>(object.data());
  return std::vector<std::byte>(bytes, bytes + object.size());
}

} // namespace lathe
