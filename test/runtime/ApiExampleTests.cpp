// The example in lathe.h compiles as C, links with the runtime alone, and writes what the model's formula says.
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

/// What follows a text by the model's formula, up to the end token or `limit` tokens.
std::string continuation(const std::string &text, int limit) {
  std::vector<int32_t> ids = toy::idsOf(text), added;
  for (int i = 0; i < limit; ++i) {
    int32_t token = toy::next(ids);
    if (token == toy::end)
      break;
    ids.push_back(token);
    added.push_back(token);
  }
  return toy::textOf(added);
}
TEST(ApiExample, TheExampleOfTheHeaderIsAProgram) {
  std::string bytes = toy::bytes(500, "", /*withTokenizer=*/true);
  if (bytes.empty())
    GTEST_SKIP() << "no C compiler";
  TestFolder folder;
  std::string path = folder.path + "/toy.lathe";
  writeTestFile(path, bytes);
  std::string header = readTestFile(std::string(LATHE_SOURCE_DIR) + "/runtime/lathe.h"), program;
  size_t begin = header.find(" *     #include"), finish = header.find(" * lathe_generate does");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(finish, std::string::npos);
  for (size_t at = begin; at < finish;) {
    size_t line = header.find('\n', at);
    program += header.substr(std::min(at + 7, line), line - std::min(at + 7, line)) + "\n";
    at = line + 1;
  }
  writeTestFile(folder.path + "/example.c", program);
  char self[4096] = {};
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  std::string library = std::string(self, strrchr(self, '/')) + "/../../lib/liblathe_rt.a";
  std::string compile = LATHE_C_COMPILER " -Wall -Wextra -Werror -std=gnu99 -I " LATHE_SOURCE_DIR " -o " + folder.path +
                        "/example " + folder.path + "/example.c " + library +
                        " -lstdc++ -lpcre2-8 -lutf8proc -lm -lpthread -ldl 2>" + folder.path + "/log";
  int built = std::system(compile.c_str());
  std::string log = readTestFile(folder.path + "/log");
  if (access(library.c_str(), R_OK) != 0 || log.find("__asan") != std::string::npos)
    GTEST_SKIP() << "no library to link, or one with sanitizers";
  ASSERT_EQ(built, 0) << log;
  ASSERT_EQ(std::system((folder.path + "/example " + path + " 'Hello you' >" + folder.path + "/out").c_str()), 0);
  EXPECT_EQ(readTestFile(folder.path + "/out"), continuation("Hello you", 50) + "\n");
}

} // namespace
