// lathe-run from the command line to its output, on the toy model: what is printed, and the exit status.
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

using namespace lathe;

namespace {

class RunCommandTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string bytes = toy::bytes(500, "", true);
    char self[4096] = {};
    ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    program = std::string(self, strrchr(self, '/')) + "/../../bin/lathe-run";
    if (bytes.empty() || access(program.c_str(), X_OK) != 0)
      GTEST_SKIP() << "no C compiler, or lathe-run is not built";
    writeTestFile(folder.path + "/toy.lathe", bytes);
  }
  /// The exit status; fills `out` and `err`.
  int run(const std::string &arguments, const std::string &input = "") {
    writeTestFile(folder.path + "/in", input);
    int status = std::system(("cd " + folder.path + " && " + program + " " + arguments + " <in >out 2>err").c_str());
    out = readTestFile(folder.path + "/out");
    err = readTestFile(folder.path + "/err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static std::vector<int32_t> following(std::vector<int32_t> ids, int count) {
    std::vector<int32_t> added;
    for (int i = 0; i < count; ++i) {
      added.push_back(toy::next(ids));
      ids.push_back(added.back());
    }
    return added;
  }
  static std::string join(const std::vector<int32_t> &ids) {
    std::string line;
    for (int32_t id : ids)
      line += (line.empty() ? "" : ",") + std::to_string(id);
    return line;
  }
  TestFolder folder;
  std::string program, out, err;
};

TEST_F(RunCommandTest, IdsInIdsOut) {
  ASSERT_EQ(run("toy.lathe --prompt-ids 1,2,3 --print-ids --temp 0 --ignore-eos -n 20"), 0) << err;
  EXPECT_EQ(out, join(following({1, 2, 3}, 20)) + "\n");
  for (const char *line :
       {"load time = ", "prompt eval time = ", "  eval time = ", "total time = ", "/     3 tokens", "/    19 runs"})
    EXPECT_NE(err.find(line), std::string::npos) << err;
  ASSERT_EQ(run("toy.lathe --prompt-ids 1,2,3 --print-ids --temp 0 --ignore-eos -n 20 -q -t 1"), 0);
  EXPECT_EQ(out, join(following({1, 2, 3}, 20)) + "\n");
  EXPECT_EQ(err, "");
}

TEST_F(RunCommandTest, TextInTextOut) {
  std::string expected = toy::textOf(following(toy::idsOf("Good day"), 10)) + "\n";
  ASSERT_EQ(expected.find('\x80'), std::string::npos);
  ASSERT_EQ(run("toy.lathe -p 'Good day' --temp 0 --ignore-eos -n 10"), 0) << err;
  EXPECT_EQ(out, expected);
  writeTestFile(folder.path + "/prompt", "Good day\n");
  ASSERT_EQ(run("toy.lathe -f prompt --temp 0 --ignore-eos -n 10"), 0) << err;
  EXPECT_EQ(out, expected);
}

TEST_F(RunCommandTest, Json) {
  ASSERT_EQ(run("toy.lathe --prompt-ids 7 --json --temp 0 --ignore-eos -n 4"), 0) << err;
  auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["tokens"].get<std::vector<int32_t>>(), following({7}, 4));
  EXPECT_EQ(json["finish_reason"], "length");
  EXPECT_EQ(json["timings"]["prompt_tokens"], 1);
}

TEST_F(RunCommandTest, SeedsRepeat) {
  std::string arguments = "toy.lathe --prompt-ids 1 --print-ids --temp 5 --ignore-eos -n 30 -q --seed ";
  ASSERT_EQ(run(arguments + "1"), 0);
  std::string first = out;
  ASSERT_EQ(run(arguments + "1"), 0);
  EXPECT_EQ(out, first);
  ASSERT_EQ(run(arguments + "2"), 0);
  EXPECT_NE(out, first);
}

TEST_F(RunCommandTest, ChatReadsMessagesFromStdin) {
  std::string arguments = "toy.lathe -cnv -sys X --temp 0 --ignore-eos -n 5 -q";
  ASSERT_EQ(run(arguments, "One\nTwo\n"), 0) << err;
  std::string text = "system: X\nuser: One\nassistant: ";
  std::string first = toy::textOf(following(toy::idsOf(text), 5));
  text += first + "\nuser: Two\nassistant: ";
  std::string second = toy::textOf(following(toy::idsOf(text), 5));
  EXPECT_EQ(out, first + "\n" + second + "\n");
  ASSERT_EQ(run("toy.lathe -st -sys X -p One --temp 0 --ignore-eos -n 5 --print-ids -q"), 0) << err;
  EXPECT_EQ(out, join(following(toy::idsOf("system: X\nuser: One\nassistant: "), 5)) + "\n");
}

TEST_F(RunCommandTest, WrongCommandLinesEndWith2) {
  for (const char *arguments :
       {"", "--no-such-flag toy.lathe", "toy.lathe -n x", "toy.lathe --prompt-ids 1,x", "toy.lathe --temp nan",
        "toy.lathe -p a --prompt-ids 1", "toy.lathe -cnv -no-cnv", "toy.lathe --repeat-penalty 0"}) {
    EXPECT_EQ(run(arguments), 2) << arguments;
    EXPECT_NE(err, "") << arguments;
  }
  EXPECT_EQ(run("--help"), 0);
  EXPECT_NE(out.find("--reverse-prompt"), std::string::npos);
}

TEST_F(RunCommandTest, FailuresEndWith1AndAMessage) {
  auto expect = [&](const std::string &arguments, const std::string &message) {
    EXPECT_EQ(run(arguments), 1) << arguments;
    EXPECT_NE(err.find(message), std::string::npos) << err;
    EXPECT_EQ(out, "");
  };
  expect("none.lathe -q", "none.lathe: cannot be opened");
  expect("in -q -p a", "in: is not a .lathe file");
  expect("toy.lathe -q --prompt-ids 97", "token 97 is outside the vocabulary of 97");
  expect("toy.lathe -q -p abc -c 2", "the prompt has 3 tokens, the context holds 2");
  expect("toy.lathe -q -p abc --compute f32", "--compute f32: fixed when toy.lathe was compiled");
  expect("toy.lathe -q -p ''", "the prompt is empty");
}

TEST_F(RunCommandTest, AnInterruptKeepsWhatWasWritten) {
  std::string command = "cd " + folder.path + " && (timeout -k 5 -s INT 0.5 " + program +
                        " toy.lathe -cnv --temp 0 -q <&9 >out 2>err) 9< <(echo Hi; sleep 2); echo $? >status";
  ASSERT_EQ(std::system(("bash -c '" + command + "'").c_str()), 0);
  std::string written = readTestFile(folder.path + "/out");
  EXPECT_FALSE(written.empty());
  EXPECT_EQ(readTestFile(folder.path + "/err"), "");
  EXPECT_EQ(readTestFile(folder.path + "/status"), "124\n"); // it was waiting for input, and ended when told to
}

} // namespace
