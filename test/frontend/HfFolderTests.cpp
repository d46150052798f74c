// Hugging Face folders that the test writes: shards, configuration values, and files that lead out of the folder.
#include "frontend/hf/HfFolder.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace lathe;

namespace {

class HfFolderTest : public testing::Test {
protected:
  void SetUp() override {
    root_ = testing::TempDir() + "hf_folder_test";
    std::filesystem::remove_all(root_);
    folder_ = root_ + "/model";
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string &path, const std::string &text) { std::ofstream(path, std::ios::binary) << text; }
  /// A safetensors file with one tensor of two floats.
  std::string tensors(const std::string &name) {
    std::string header = "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + header + std::string(8, '\1');
  }
  void writeIndex(const std::string &map) {
    write(folder_ + "/model.safetensors.index.json", "{\"metadata\":{},\"weight_map\":{" + map + "}}");
  }
  std::string message() {
    auto folder = HfFolder::open(folder_);
    return folder ? "" : folder.message();
  }

  std::string root_, folder_;
};

TEST_F(HfFolderTest, ReadsShards) {
  write(folder_ + "/config.json", R"({"model_type":"llama"})");
  write(folder_ + "/one.safetensors", tensors("a"));
  write(folder_ + "/two.safetensors", tensors("b"));
  writeIndex(R"("a":"one.safetensors","b":"two.safetensors")");
  auto folder = HfFolder::open(folder_);
  ASSERT_TRUE(folder.ok()) << folder.message();
  EXPECT_EQ(folder->architecture(), "llama");
  EXPECT_TRUE(folder->source().weights->contains("a"));
  EXPECT_TRUE(folder->source().weights->contains("b"));
  writeIndex(R"("a":"one.safetensors","c":"two.safetensors")");
  EXPECT_NE(message().find("tensor 'c' is not in 'two.safetensors'"), std::string::npos) << message();
  writeIndex(R"("a":"one.safetensors","b":"three.safetensors")");
  EXPECT_NE(message().find("'three.safetensors'"), std::string::npos) << message();
  writeIndex(R"("a":3)");
  EXPECT_NE(message().find("the file of tensor 'a' is no text"), std::string::npos) << message();
}

TEST_F(HfFolderTest, StaysInItsFolder) {
  write(folder_ + "/config.json", "{}");
  write(root_ + "/secret.safetensors", tensors("a"));
  writeIndex(R"("a":"../secret.safetensors")");
  EXPECT_NE(message().find("'..'"), std::string::npos) << message();
  writeIndex("\"a\":\"" + root_ + "/secret.safetensors\"");
  EXPECT_NE(message().find("absolute path"), std::string::npos) << message();
  std::filesystem::create_symlink(root_ + "/secret.safetensors", folder_ + "/link.safetensors");
  writeIndex(R"("a":"link.safetensors")");
  EXPECT_NE(message().find("leaves the folder"), std::string::npos) << message();
}

TEST_F(HfFolderTest, ReadsConfigurationValues) {
  write(folder_ + "/config.json",
        R"({"n":3,"x":0.5,"flag":true,"text":"t","nothing":null,"list":[1,0.5,"a"],"nested":[[1]],
      "rope_scaling":{"factor":8.0},"big":18446744073709551615,"eos_token_id":[2,7]})");
  write(folder_ + "/generation_config.json", R"({"eos_token_id":5})");
  write(folder_ + "/model.safetensors", tensors("a"));
  auto folder = HfFolder::open(folder_);
  ASSERT_TRUE(folder.ok()) << folder.message();
  ModelSource source = folder->source();
  auto value = [&](const char *key) { return *source.parameter(key); };
  EXPECT_EQ(value("n"), ParameterValue(int64_t(3)));
  EXPECT_EQ(value("x"), ParameterValue(0.5));
  EXPECT_EQ(value("flag"), ParameterValue(true));
  EXPECT_EQ(value("text"), ParameterValue(std::string("t")));
  EXPECT_EQ(value("rope_scaling.factor"), ParameterValue(8.0));
  EXPECT_EQ(value("nothing"), std::nullopt);
  EXPECT_EQ(value("n.x"), std::nullopt);
  EXPECT_EQ(value("list"), ParameterValue(std::vector<ParameterItem>{int64_t(1), 0.5, std::string("a")}));
  EXPECT_NE(source.parameter("nested").message().find("'nested' is or holds a list of lists"), std::string::npos);
  EXPECT_NE(source.parameter("big").message().find("too large"), std::string::npos);
  EXPECT_EQ(folder->endIds(), (std::vector<int32_t>{5, 2, 7}));
}

TEST_F(HfFolderTest, SaysWhatIsMissing) {
  EXPECT_NE(message().find("config.json"), std::string::npos);
  write(folder_ + "/config.json", "[]");
  EXPECT_NE(message().find("is no JSON object"), std::string::npos);
  write(folder_ + "/config.json", std::string(200000, '['));
  EXPECT_NE(message().find("is not valid JSON"), std::string::npos);
  write(folder_ + "/config.json", "{}");
  EXPECT_NE(message().find("has neither model.safetensors nor model.safetensors.index.json"), std::string::npos);
}

} // namespace
