// What is said about wrong model files, and about models that do not fit a right one.
#include "test/frontend/ModelLanguage.h"

using namespace lathe;
using namespace lathe::test;

namespace {

TEST_F(ModelLanguage, ShowsThePlaceOfAMistake) {
  EXPECT_EQ(build("model m\ngraph(ids) {\n  h = embeding(w, ids)\n  return h\n}\n").message(),
            "m.lm:3:7: unknown operation 'embeding', did you mean 'embedding'?\n"
            "  3 |   h = embeding(w, ids)\n"
            "    |       ^");
}

TEST_F(ModelLanguage, NamesWhatIsUnknown) {
  EXPECT_NE(graph("h = h + hh").find("unknown name 'hh', did you mean 'h'?"), std::string::npos);
  EXPECT_NE(graph("h = rms_norm(h, epsilom: 1.0)").find("no attribute 'epsilom', did you mean 'epsilon'?"),
            std::string::npos);
  EXPECT_NE(graph("h = zzyzx(h)").find("unknown operation 'zzyzx'\n"), std::string::npos);
  EXPECT_NE(graph("w = h").find("'w' is declared already"), std::string::npos);
  EXPECT_NE(graph("h = cache_append(h)").find("unknown operation"), std::string::npos);
}

TEST_F(ModelLanguage, ChecksOperations) {
  EXPECT_NE(graph("h = rms_norm(h)").find("rms_norm: requires attribute 'epsilon'"), std::string::npos);
  EXPECT_NE(graph("h = softmax(h, axis: 1.5)").find("'axis' of 'softmax' cannot be a number"), std::string::npos);
  EXPECT_NE(graph("h = glu(h, h, activation: \"swish\")").find("cannot be a text 'swish'"), std::string::npos);
  EXPECT_NE(graph("h = linear(linear(h, w), w)").find("x has 4 columns, the weight 2"), std::string::npos);
  EXPECT_NE(graph("h = silu(h, h)").find("silu: "), std::string::npos);
  EXPECT_NE(graph("h = linear()").find("linear: "), std::string::npos);
  EXPECT_NE(graph("h = concat(h, h)").find("requires attribute 'axis'"), std::string::npos);
  EXPECT_NE(graph("h = reshape(h, [batch, 3.5])").find("a size is a number"), std::string::npos);
  EXPECT_NE(graph("h = slice(h, axis: 2, from: 0, to: 5)").find("'slice' takes axis"), std::string::npos);
}

TEST_F(ModelLanguage, ChecksNumbers) {
  EXPECT_NE(message("a: int = 7 / 2", "return linear(embedding(w, ids), w)").find("7 is not a multiple of 2"),
            std::string::npos);
  EXPECT_NE(message("a: int = 1 / 0", "return linear(embedding(w, ids), w)").find("division by zero"),
            std::string::npos);
  EXPECT_NE(message("a: int = 9223372036854775807 + 1", "return w").find("too large"), std::string::npos);
  EXPECT_NE(message("a: int = 1.5", "return w").find("not the type of 'a'"), std::string::npos);
  EXPECT_NE(graph("x = [1, 2][2]").find("element 2 of a list of 2"), std::string::npos);
  EXPECT_NE(graph("if 1 { h = h }").find("a condition is true or false"), std::string::npos);
  EXPECT_NE(graph("for i in 0..1000000000000 { h = h }").find("steps to evaluate"), std::string::npos);
}

TEST_F(ModelLanguage, BlamesTheModelForItsParameters) {
  EXPECT_EQ(message("n: int hf \"count\"", "return w"),
            "folder: config.json: 'count' is missing; the model m needs it");
  config_["count"] = ParameterValue(std::string("many"));
  EXPECT_EQ(message("n: int hf \"count\"", "return w"), "folder: 'count' is a text, expected an integer");
  config_["count"] = ParameterValue(int64_t(5));
  EXPECT_EQ(message("n: int hf \"count\"\nrequire n < 5, \"{n} is too many\"", "return w"), "folder: 5 is too many");
}

TEST_F(ModelLanguage, BlamesTheModelForItsWeights) {
  auto weights = [&](const std::string &lines) {
    auto built = build("model m\nweights {\n" + lines + "\n}\ngraph(ids) { return linear(embedding(w, ids), w) }\n");
    return built ? std::string() : built.message();
  };
  EXPECT_EQ(weights("w: [4, 2] hf \"table\""), "");
  EXPECT_EQ(weights("w: [4, 3] hf \"table\""),
            "folder: tensor 'table' has the shape [4, 2], but the model m with these parameters needs [4, 3]");
  EXPECT_EQ(weights("w: [4, 2] hf \"tables\""), "folder: tensor 'tables' is missing; the model m needs it");
  EXPECT_NE(build("model m\nweights { w: [4, 2] hf \"table\" }\ngraph(ids) { return ids }\n")
                .message()
                .find("a graph returns a tensor of rank 3 in f32"),
            std::string::npos);
}

TEST_F(ModelLanguage, RefusesWhatIsNested) {
  EXPECT_NE(graph("h = " + std::string(100000, '(')).find("nested too deep"), std::string::npos);
  EXPECT_NE(graph("h = " + std::string(100000, '-') + "1").find("nested too deep"), std::string::npos);
  std::string sum = "1";
  for (int i = 0; i < 5000; ++i)
    sum += " + 1";
  EXPECT_NE(graph("x = " + sum).find("nested too deep"), std::string::npos);
  std::string blocks;
  for (int i = 0; i < 5000; ++i)
    blocks += "if true {\n";
  EXPECT_NE(graph(blocks).find("nested too deep"), std::string::npos);
}

} // namespace
