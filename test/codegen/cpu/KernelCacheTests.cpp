// The cache: what is stored is found, what is damaged is dropped, what cannot be written is not missed.
#include "LoadedKernel.h"

#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

using namespace lathe;
namespace fs = std::filesystem;

namespace {

struct KernelCacheTest : testing::Test {
  fs::path folder;
  std::vector<std::string> warnings;
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lathe-cache-XXXXXX").string();
    ASSERT_TRUE(mkdtemp(name.data()));
    folder = name;
  }
  void TearDown() override {
    fs::permissions(folder, fs::perms::owner_all);
    fs::remove_all(folder);
  }
  KernelCache open(std::vector<fs::path> folders) {
    return KernelCache(std::move(folders), [this](const std::string &text) { warnings.push_back(text); });
  }
  static CacheKey key(const std::string &text, const std::string &target = "cpu:a") {
    return {"a kernel", {{"target", target}, {"text", text}, {"header h", "1"}}};
  }
  static std::vector<std::byte> bytes(size_t count, int value) {
    return std::vector<std::byte>(count, std::byte(value));
  }
  fs::path only() const { return fs::directory_iterator(folder)->path(); }
};

TEST_F(KernelCacheTest, findsWhatWasStored) {
  KernelCache cache = open({folder / "new" / "folder"});
  EXPECT_FALSE(cache.find(key("x")));
  cache.store(key("x"), bytes(1000, 1));
  EXPECT_EQ(cache.find(key("x")), bytes(1000, 1));
  EXPECT_FALSE(cache.find(key("y")));
  EXPECT_FALSE(cache.find(key("x", "cpu:b")));
  EXPECT_EQ(cache.counts().hits, 1u);
  EXPECT_EQ(cache.counts().misses, 3u);
  EXPECT_TRUE(warnings.empty());
}

TEST_F(KernelCacheTest, partsCannotRunIntoEachOther) {
  EXPECT_NE((CacheKey{"", {{"a", "bc"}}}).hash(), (CacheKey{"", {{"ab", "c"}}}).hash());
  EXPECT_NE((CacheKey{"", {{"a", "b"}, {"c", "d"}}}).hash(), (CacheKey{"", {{"a", "b1:c1:d"}}}).hash());
  EXPECT_EQ((CacheKey{"one", {{"a", "b"}}}).hash(), (CacheKey{"two", {{"a", "b"}}}).hash());
}

TEST_F(KernelCacheTest, damageAnywhereIsSeenAndDropped) {
  open({folder}).store(key("x"), bytes(100, 1));
  std::ifstream in(only(), std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(in)), {});
  fs::path path = only();
  for (size_t at = 0; at < whole.size(); at += 7) {
    for (bool cut : {false, true}) {
      std::string broken = cut ? whole.substr(0, at) : whole;
      if (!cut)
        broken[at] ^= 1;
      std::ofstream(path, std::ios::binary) << broken;
      warnings.clear();
      KernelCache cache = open({folder});
      std::optional<std::vector<std::byte>> found = cache.find(key("x"));
      bool isTime = !cut && at >= 24 && at < 32; // when it was made is all that may differ
      EXPECT_EQ(found.has_value(), isTime) << at;
      EXPECT_EQ(warnings.size(), isTime ? 0u : 1u) << at;
      EXPECT_EQ(fs::exists(path), isTime) << at;
    }
  }
  open({folder}).store(key("x"), bytes(100, 1));
  EXPECT_TRUE(open({folder}).find(key("x")));
}

TEST_F(KernelCacheTest, verifyListAndClear) {
  KernelCache cache = open({folder});
  cache.store(key("x"), bytes(100, 1));
  cache.store(key("y"), bytes(100, 2));
  std::fstream(only(), std::ios::binary | std::ios::in | std::ios::out).seekp(-1, std::ios::end).put(9);
  size_t damaged = 0;
  for (const KernelCache::Entry &entry : cache.list(/*verify=*/true))
    damaged += !entry.damage.empty();
  EXPECT_EQ(cache.list().size(), 2u);
  EXPECT_EQ(damaged, 1u);
  EXPECT_EQ(*cache.clear(/*damagedOnly=*/true), 1u);
  EXPECT_EQ(*cache.clear(), 1u);
  EXPECT_TRUE(cache.list().empty());
  EXPECT_EQ(*open({folder / "missing"}).clear(), 0u);
}

TEST_F(KernelCacheTest, explainsWhatDiffers) {
  KernelCache cache = open({folder});
  cache.store(key("using W = Q4_1;\nrows = 5;\n"), bytes(1, 1));
  // Entries of one second are in the order of their names: move the first into the past.
  std::fstream(only(), std::ios::binary | std::ios::in | std::ios::out).seekp(24).put(1);
  cache.store(key("using W = Q4_1;\nrows = 6;\n"), bytes(1, 1));
  auto why = cache.explain("kernel");
  ASSERT_EQ(why.size(), 2u);
  EXPECT_EQ(why[0].second, "no entry of this description before");
  EXPECT_EQ(why[1].second, "text changed: 'rows = 5;' -> 'rows = 6;'");
  EXPECT_TRUE(cache.explain("other").empty());
}

TEST_F(KernelCacheTest, secondFolderIsOnlyRead) {
  open({folder / "b"}).store(key("x"), bytes(10, 1));
  KernelCache cache = open({folder / "a", folder / "b"});
  EXPECT_TRUE(cache.find(key("x")));
  cache.store(key("y"), bytes(10, 2));
  EXPECT_TRUE(fs::exists(folder / "a"));
  EXPECT_EQ(open({folder / "b"}).list().size(), 1u);
}

TEST_F(KernelCacheTest, unwritableFolderIsOneWarning) {
  std::ofstream(folder / "file") << "not a folder";
  KernelCache cache = open({folder / "file" / "cache"});
  cache.store(key("x"), bytes(10, 1));
  cache.store(key("y"), bytes(10, 1));
  EXPECT_FALSE(cache.find(key("x")));
  EXPECT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings.front().find("are not kept"), std::string::npos) << warnings.front();
}

TEST_F(KernelCacheTest, fullDiskLeavesNothingHalfWritten) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    size_t count = 0;
    KernelCache cache({folder}, [&](const std::string &) { ++count; });
    cache.store(key("x"), bytes(100000, 1));
    cache.store(key("z"), bytes(100000, 1));
    cache.store(key("y"), bytes(100, 1));
    _exit(count == 1 && !cache.find(key("x")) && cache.find(key("y")) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(KernelCacheTest, manyWritersAndReaders) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      KernelCache cache({folder}, [&](const std::string &) { ++wrong; });
      for (int i = 0; i < 100; ++i) {
        cache.store(key("x"), bytes(50000, 3));
        std::optional<std::vector<std::byte>> found = cache.find(key("x"));
        wrong += !found || *found != bytes(50000, 3);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(KernelCacheTest, compilingTwiceCompilesOnce) {
  std::vector<KernelSource> sources = {{"k", "#include \"common/cpu/lanes.h\"\nextern \"C\" void k() {}\n", "k"}};
  KernelCache first = open({folder});
  auto cold = compileCpu(sources, Target::native(), first, 1);
  KernelCache second = open({folder});
  bool fromCache = false;
  auto warm =
      compileCpu(sources, Target::native(), second, 1, [&](const CompileProgress &p) { fromCache = p.fromCache; });
  ASSERT_TRUE(cold && warm);
  EXPECT_EQ(*cold, *warm);
  EXPECT_TRUE(fromCache);
  EXPECT_EQ(second.counts().hits, 1u); // the linked code: neither objects nor the linker were asked
  EXPECT_EQ(second.counts().misses, 0u);
  auto key = objectKey(sources[0], Target::native());
  EXPECT_EQ(key.parts.back().first, "header common/cpu/abi.h"); // headers of headers count
}

} // namespace
