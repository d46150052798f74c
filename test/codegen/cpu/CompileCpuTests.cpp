// Text to machine code: what is compiled runs, what does not compile says where, what is left undefined is refused.
#include "LoadedKernel.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace lathe;
using namespace lathe::test;

namespace {

std::string addText(const std::string &symbol, const std::string &constant) {
  return "#include \"common/cpu/lanes.h\"\n"
         "namespace lathe::parameters { constexpr float term = " +
         constant +
         "; }\n"
         "namespace lathe { void add(const LatheKernelContext &context, int64_t begin, int64_t end) {\n"
         "  auto *x = static_cast<float *>(context.buffers[0]);\n"
         "  for (int64_t i = begin; i < end; ++i) x[i] += parameters::term; } }\n"
         "extern \"C\" void " +
         symbol +
         "(const LatheKernelContext *context, int64_t begin, int64_t end) { lathe::add(*context, begin, end); }\n";
}

TEST(CompileCpu, runsWhatItCompiled) {
  auto kernel = loadKernel("add_one", addText("add_one", "1.0f"));
  ASSERT_TRUE(kernel);
  std::vector<float> x = {0, 1, 2, 3.5f};
  runKernel(kernel, {x.data()}, {}, 4);
  EXPECT_EQ(x, (std::vector<float>{1, 2, 3, 4.5f}));
}

TEST(CompileCpu, kernelsWithTheSameInnerNamesStayApart) {
  KernelCache none({});
  std::vector<KernelSource> sources = {{"a", addText("a", "1.0f"), "a"}, {"b", addText("b", "10.0f"), "b"}};
  auto object = compileCpu(sources, Target::native(), none, 1);
  ASSERT_TRUE(object) << object.message();
  void *handle = openFromMemory(*object);
  ASSERT_TRUE(handle) << dlerror();
  float x = 0;
  runKernel(reinterpret_cast<LatheKernelFunction>(dlsym(handle, "a")), {&x}, {}, 1);
  EXPECT_EQ(x, 1);
  runKernel(reinterpret_cast<LatheKernelFunction>(dlsym(handle, "b")), {&x}, {}, 1);
  EXPECT_EQ(x, 11);
  EXPECT_EQ(dlsym(handle, "_ZN5lathe3addERK18LatheKernelContextll"), nullptr);
}

TEST(CompileCpu, errorsNameTheKernelAndTheLine) {
  KernelCache none({});
  std::vector<KernelSource> sources = {{"k", "#include \"common/cpu/lanes.h\"\nint x = nothing;\n", "linear q4_1"}};
  auto object = compileCpu(sources, Target::native(), none, 1);
  ASSERT_FALSE(object);
  EXPECT_NE(object.message().find("kernel 'linear q4_1' does not compile"), std::string::npos) << object.message();
  EXPECT_NE(object.message().find("kernel.cpp:2:9: error: use of undeclared identifier 'nothing'"), std::string::npos)
      << object.message();
}

TEST(CompileCpu, seesNoFilesOfTheSystem) {
  KernelCache none({});
  std::vector<KernelSource> sources = {{"k", "#include <stdio.h>\n", "k"}, {"l", "#include \"/etc/passwd\"\n", "l"}};
  for (const KernelSource &source : sources)
    EXPECT_FALSE(compileCpu(std::span(&source, 1), Target::native(), none, 1));
}

TEST(CompileCpu, undefinedSymbolsAreRefused) {
  KernelCache none({});
  std::vector<KernelSource> sources = {
      {"k", "extern \"C\" float expf(float);\nextern \"C\" void k(float *x) { *x = expf(*x); }\n", "a kernel"}};
  auto object = compileCpu(sources, Target::native(), none, 1);
  ASSERT_FALSE(object);
  EXPECT_NE(object.message().find("undefined symbol: expf"), std::string::npos) << object.message();
  EXPECT_NE(object.message().find("'a kernel'"), std::string::npos) << object.message();
}

TEST(CompileCpu, missingEntryAndDoubledSymbolsAreRefused) {
  KernelCache none({});
  std::vector<KernelSource> missing = {{"k", "extern \"C\" void other() {}\n", "a kernel"}};
  auto object = compileCpu(missing, Target::native(), none, 1);
  ASSERT_FALSE(object);
  EXPECT_NE(object.message().find("no function 'k'"), std::string::npos) << object.message();
  std::vector<KernelSource> doubled = {{"k", addText("k", "1"), "one"}, {"k", addText("k", "2"), "two"}};
  EXPECT_FALSE(compileCpu(doubled, Target::native(), none, 1));
  doubled[1].text = doubled[0].text;
  EXPECT_TRUE(compileCpu(doubled, Target::native(), none, 1));
}

TEST(CompileCpu, copiesNeedNoLibrary) {
  std::string text =
      "#include \"common/cpu/lanes.h\"\n"
      "extern \"C\" void copy(const LatheKernelContext *c, int64_t begin, int64_t end) {\n"
      "  auto *from = static_cast<const char *>(c->buffers[0]); auto *to = static_cast<char *>(c->buffers[1]);\n"
      "  __builtin_memcpy(to, from, c->params[0]); __builtin_memset(to, 7, c->params[1]);\n"
      "  __builtin_memmove(to + 3, to + 1, c->params[2]); __builtin_memmove(to + 8, to + 9, c->params[2]); }\n";
  auto kernel = loadKernel("copy", text);
  ASSERT_TRUE(kernel);
  char from[] = "abcdefghijklmnop", to[17] = {};
  runKernel(kernel, {from, to}, {16, 2, 4}, 1);
  EXPECT_STREQ(to, "\a\ac\acdehjklmmnop");
}

TEST(CompileCpu, aDiskThatIsFullIsAnErrorNotAnExit) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    KernelCache none({});
    std::vector<KernelSource> sources;
    for (int i = 0; i < 20; ++i)
      sources.push_back({"k" + std::to_string(i), addText("k" + std::to_string(i), "1"), "k"});
    rlimit limit{5000, RLIM_INFINITY}; // enough for each object, not for the linked code
    setrlimit(RLIMIT_FSIZE, &limit);
    auto object = compileCpu(sources, Target::native(), none, 1);
    _exit(!object && object.message().find("failed to open") != std::string::npos ? 42 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(Target, parsesAndRefuses) {
  auto v3 = Target::parse("cpu:x86-64-v3");
  ASSERT_TRUE(v3);
  EXPECT_EQ(v3->print(), "cpu:x86-64-v3");
  EXPECT_TRUE(v3->has("avx2"));
  EXPECT_TRUE(v3->has("fma"));
  EXPECT_TRUE(v3->has("f16c"));
  EXPECT_FALSE(v3->has("avx512f"));
  EXPECT_EQ(v3->vectorBytes(), 32u);
  auto zen4 = Target::parse("cpu:znver4");
  ASSERT_TRUE(zen4);
  EXPECT_TRUE(zen4->has("avx512vnni"));
  EXPECT_TRUE(zen4->has("avx512bf16"));
  EXPECT_EQ(zen4->vectorBytes(), 64u);
  EXPECT_EQ(Target::parse("cpu:x86-64-v2")->vectorBytes(), 16u);
  EXPECT_EQ(Target::parse("cpu")->print(), Target::parse("cpu:native")->print());
  EXPECT_NE(Target::parse("cpu:znver9").message().find("znver4"), std::string::npos);
  EXPECT_NE(Target::parse("cpu:x86-64").message().find("x86-64-v2"), std::string::npos);
  EXPECT_FALSE(Target::parse("riscv"));
  EXPECT_FALSE(Target::parse(""));
}

TEST(Target, everyListedTargetCompiles) {
  for (const char *name :
       {"cpu:x86-64-v2", "cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:znver4", "cpu:skylake-avx512", "cpu:haswell"}) {
    KernelCache none({});
    std::vector<KernelSource> sources = {{"k", addText("k", "1"), "k"}};
    auto object = compileCpu(sources, *Target::parse(name), none, 1);
    EXPECT_TRUE(object) << name << ": " << object.message();
  }
}

} // namespace
