// Every sampler alone and chains in any order against what sampling/record.py made with Hugging Face's processors and
// the authors' formulas, on logits of a real model; mirostat along a text.
#include "runtime/sampling/Sampler.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

using namespace lathe;
using nlohmann::json;

namespace {

const json &recorded() {
  static const json all = [] {
    std::ifstream file(LATHE_SOURCE_DIR "/test/runtime/sampling/recorded.json");
    return json::parse(file);
  }();
  return all;
}

std::vector<float> row(const json &item) { return recorded()["rows"][item["row"].get<size_t>()]; }

SamplerOptions open() {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  options.penaltyWindow = -1;
  return options;
}

SamplerOptions optionsOf(const json &item) {
  SamplerOptions options = open();
  options.chain = *parseSamplers(item["chain"].get<std::string>());
  for (const auto &[name, value] : item["options"].items()) {
    if (name == "temperature")
      options.temperature = value;
    else if (name == "dynatemp_range")
      options.dynatempRange = value;
    else if (name == "dynatemp_exp")
      options.dynatempExponent = value;
    else if (name == "top_k")
      options.topK = value;
    else if (name == "top_p")
      options.topP = value;
    else if (name == "min_p")
      options.minP = value;
    else if (name == "typical")
      options.typicalP = value;
    else if (name == "top_n_sigma")
      options.topNSigma = value;
    else if (name == "xtc_probability")
      options.xtcProbability = value;
    else if (name == "xtc_threshold")
      options.xtcThreshold = value;
    else if (name == "repeat_last_n")
      options.penaltyWindow = value;
    else if (name == "repeat_penalty")
      options.repeatPenalty = value;
    else if (name == "frequency_penalty")
      options.frequencyPenalty = value;
    else if (name == "presence_penalty")
      options.presencePenalty = value;
    else if (name == "dry_multiplier")
      options.dryMultiplier = value;
    else if (name == "dry_base")
      options.dryBase = value;
    else if (name == "dry_allowed_length")
      options.dryAllowedLength = value;
    else if (name == "dry_breakers")
      for (int32_t id : value)
        options.dryBreakers.push_back({id, {}});
    else if (name == "no_repeat_ngram")
      options.noRepeatNgram = value;
    else if (name == "min_tokens")
      options.minTokens = value;
    else if (name == "end_tokens")
      options.endTokens = value.get<std::vector<int32_t>>();
    else if (name == "banned")
      options.banned = value.get<std::vector<std::vector<int32_t>>>();
    else if (name == "logit_bias")
      options.logitBias = value.get<std::vector<std::pair<int32_t, float>>>();
    else
      ADD_FAILURE() << "no option " << name;
  }
  return options;
}

TEST(SamplerChain, GivesWhatHuggingFaceGives) {
  ASSERT_GT(recorded()["cases"].size(), 150u);
  for (const json &item : recorded()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>() + " " + item["chain"].get<std::string>() + " " +
                 item["options"].dump() + " row " + item["row"].dump());
    auto history = item["history"].get<std::vector<int32_t>>();
    std::vector<float> logits = row(item);
    Sampler sampler(optionsOf(item));
    auto got = sampler.distribution(logits, {history, 0, 0, item["generated"].get<uint32_t>()}, {});
    ASSERT_TRUE(got.ok()) << got.message();
    EXPECT_EQ(std::ranges::count_if(got->probabilities, [](float p) { return p > 1e-30f; }),
              item["count"].get<ptrdiff_t>());
    EXPECT_TRUE(std::ranges::is_sorted(got->ids));
    for (size_t i = 0; i < item["ids"].size(); ++i)
      EXPECT_NEAR(got->probability(item["ids"][i]), item["probabilities"][i].get<float>(), 3e-6) << item["ids"][i];
  }
}

TEST(SamplerChain, MirostatAlongAText) {
  for (const json &item : recorded()["mirostat"]) {
    SamplerOptions options = open();
    options.topK = 2; // counts for nothing under mirostat
    options.mirostat = item["version"];
    options.mirostatTau = item["tau"];
    options.mirostatEta = item["eta"];
    options.temperature = item["temperature"];
    Sampler sampler(options);
    SamplerState state;
    for (const json &step : item["steps"]) {
      std::vector<float> logits = row(step);
      auto got = sampler.distribution(logits, {}, state);
      ASSERT_TRUE(got.ok()) << got.message();
      EXPECT_EQ(got->size(), step["count"].get<size_t>());
      EXPECT_NEAR(got->probability(step["token"]), step["probability"].get<float>(), 3e-6);
      sampler.accept(step["token"], state);
      EXPECT_NEAR(state.mu, step["mu"].get<float>(), 2e-4);
    }
  }
}

} // namespace
