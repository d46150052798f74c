// Damaged artifacts: a message, never a crash; and what the loader says about code it cannot use.
#include "runtime/Decoder.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

Status load(const std::string &bytes) {
  auto artifact = Artifact::fromBytes(std::as_bytes(std::span(bytes)), "x.lathe");
  if (!artifact)
    return artifact.status();
  auto model = LoadedModel::load(*artifact);
  if (!model)
    return model.status();
  return Decoder::create(*model, std::make_shared<ThreadPool>(1), {.contextSize = 64}).status();
}

/// Opens alone: what a damaged plan would make the code do is not asked.
Status open(const std::string &bytes) {
  return Artifact::fromBytes(std::as_bytes(std::span(bytes)), "x.lathe").status();
}

TEST(Artifact, CutFilesAreRefused) {
  std::string whole = toy::bytes();
  if (whole.empty())
    GTEST_SKIP() << "no C compiler";
  ASSERT_TRUE(load(whole).ok());
  for (size_t size = 0; size < whole.size(); size += 97)
    EXPECT_FALSE(open(whole.substr(0, size)).message().empty()) << "cut at " << size;
  EXPECT_FALSE(open(whole + "x").ok());
}

TEST(Artifact, EveryFlippedByteOfASectionIsSeen) {
  std::string whole = toy::bytes();
  if (whole.empty())
    GTEST_SKIP() << "no C compiler";
  std::vector<std::pair<size_t, size_t>> sections;
  LatheFileHeader header;
  std::memcpy(&header, whole.data(), sizeof header);
  for (uint32_t i = 0; i < header.sectionCount; ++i) {
    LatheSection section;
    std::memcpy(&section, whole.data() + sizeof header + i * sizeof section, sizeof section);
    sections.emplace_back(section.offset, section.offset + section.size);
  }
  auto flip = [&](size_t at) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 0x20);
    return open(damaged);
  };
  for (size_t at = 0; at < sizeof header + header.sectionCount * sizeof(LatheSection); ++at)
    EXPECT_FALSE(flip(at).ok()) << "byte " << at;
  for (auto [begin, end] : sections)
    for (size_t at = begin; at < end; at += 41)
      EXPECT_FALSE(flip(at).ok()) << "byte " << at;
}

// The hashes say that the bytes are right; the plan itself is nonsense.
TEST(Artifact, PlansOfNonsenseAreRefusedOrHarmless) {
  std::string plan = toy::plan().planBytes();
  auto withPlan = [](const std::string &bytes) { return open(artifactBytes({{LATHE_SECTION_PLAN, "", bytes}})); };
  ASSERT_TRUE(withPlan(plan).ok()) << withPlan(plan).message();
  size_t refused = 0, tried = 0;
  for (size_t at = 0; at < plan.size(); ++at)
    for (unsigned char value : {0x00, 0xff, 0x80, 0x7f}) {
      std::string damaged = plan;
      damaged[at] = char(value);
      ++tried;
      refused += !withPlan(damaged).ok();
    }
  EXPECT_GT(refused, tried / 10);
  for (size_t size = 0; size < plan.size(); size += 97)
    EXPECT_FALSE(withPlan(plan.substr(0, size)).ok()) << "cut at " << size;
}

// What such a plan makes of sizes is refused too, or lies inside its arenas; nothing of it is run here.
TEST(Artifact, SizesOfNonsenseAreRefusedOrHarmless) {
  std::string plan = toy::plan().planBytes(), code = compileTestCode(toy::source);
  if (code.empty())
    GTEST_SKIP() << "no C compiler";
  size_t shaped = 0;
  for (size_t at = 0; at < plan.size(); at += 3)
    for (unsigned char value : {0x01, 0xff, 0x7f}) {
      std::string damaged = plan;
      damaged[at] = char(value);
      auto bytes = artifactBytes({{LATHE_SECTION_CODE, "cpu:x86-64", code}, {LATHE_SECTION_PLAN, "", damaged}});
      auto artifact = Artifact::fromBytes(std::as_bytes(std::span(bytes)), "x.lathe");
      auto model = artifact ? LoadedModel::load(*artifact) : artifact.status();
      if (!model)
        continue;
      (void)Decoder::create(*model, std::make_shared<ThreadPool>(1), {.contextSize = 64});
      for (const LatheFunction &function : (*model)->plan().functions)
        for (int64_t size : {int64_t(0), int64_t(3), INT64_MAX}) {
          std::vector<int64_t> symbols((*model)->plan().symbols.size(), size);
          auto shape = FunctionShape::evaluate(**model, function, symbols);
          EXPECT_NE(shape.ok(), !shape.message().empty());
          shaped += shape.ok();
        }
    }
  EXPECT_GT(shaped, 100u);
}

TEST(Artifact, MissingFeaturesAreNamed) {
  std::string code = compileTestCode(toy::source);
  if (code.empty())
    GTEST_SKIP() << "no C compiler";
  auto make = [&](const std::string &targets, std::vector<TestSection> sections) {
    sections.push_back({LATHE_SECTION_METADATA, "", "{\"targets\":" + targets + "}"});
    sections.push_back({LATHE_SECTION_PLAN, "", toy::plan().planBytes()});
    return load(artifactBytes(sections));
  };
  Status status = make(R"({"cpu:fancy":["sse2","avx1024","avx2048"]})", {{LATHE_SECTION_CODE, "cpu:fancy", code}});
  EXPECT_NE(status.message().find("cpu:fancy needs avx1024, avx2048"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("compile the model"), std::string::npos);
  // The first section that fits is taken, whatever lies before it.
  Status second = make(R"({"cpu:fancy":["avx1024"],"cpu:plain":["sse2"]})",
                       {{LATHE_SECTION_CODE, "cpu:fancy", "not even code"}, {LATHE_SECTION_CODE, "cpu:plain", code}});
  EXPECT_TRUE(second.ok()) << second.message();
  EXPECT_EQ(make("{}", {}).message(), "x.lathe: has no code for a CPU");
  EXPECT_FALSE(make("{}", {{LATHE_SECTION_CODE, "cpu:plain", "not even code"}}).ok());
  EXPECT_FALSE(make("{}", {{LATHE_SECTION_CODE, "cpu:plain", code.substr(0, code.size() / 2)}}).ok());
  EXPECT_NE(make("{}", {{LATHE_SECTION_CODE, "cpu:plain", compileTestCode("int nothing;")}})
                .message()
                .find("no kernel 'toy_append'"),
            std::string::npos);
}

TEST(Artifact, MetadataOfTheWrongKindIsRefused) {
  auto parse = [](const std::string &json) { return Metadata::parse(std::as_bytes(std::span(json))); };
  EXPECT_TRUE(parse("{}").ok());
  EXPECT_TRUE(parse("{\"unknown\":[1,2]}").ok());
  EXPECT_EQ(parse("{\"eos_ids\":[1,2]}")->endIds, (std::vector<int32_t>{1, 2}));
  for (const char *json :
       {"", "[]", "{", "{\"context_length\":-1}", "{\"context_length\":1e300}", "{\"eos_ids\":[-1]}", "{\"eos_ids\":3}",
        "{\"targets\":[]}", "{\"targets\":{\"a\":[1]}}", "{\"page_tokens\":0}", "{\"name\":7}"})
    if (*json)
      EXPECT_FALSE(parse(json).ok()) << json;
  EXPECT_FALSE(parse(std::string(100000, '[')).ok());
}

} // namespace
