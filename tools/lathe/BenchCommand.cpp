// lathe bench: tokens per second of prefill and decoding in llama-bench's forms, with the share of the memory's
// bandwidth that decoding reaches and the kernels that ran.
#include "tools/lathe/Bandwidth.h"
#include "tools/lathe/Commands.h"
#include "tools/lathe/SamplingBench.h"
#include "tools/run/Interrupt.h"

#include "runtime/Decoder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

struct Options : ModelOptions {
  std::vector<uint32_t> prompt = {512}, generate = {128};
  uint32_t repetitions = 5, busy = 0;
  std::string format = "md";
  bool quiet = false, sampling = false;
};

struct Measurement {
  std::string test;
  uint32_t prompt = 0, generate = 0;
  std::vector<double> tokensPerSecond;
  double bytesPerToken = 0; ///< weights and cache read
  std::map<std::string, double> kernelShare;

  double mean() const {
    double sum = 0;
    for (double value : tokensPerSecond)
      sum += value;
    return sum / static_cast<double>(tokensPerSecond.size());
  }
  double deviation() const {
    double sum = 0;
    for (double value : tokensPerSecond)
      sum += (value - mean()) * (value - mean());
    return tokensPerSecond.size() > 1 ? std::sqrt(sum / static_cast<double>(tokensPerSecond.size() - 1)) : 0;
  }
  double bytesPerSecond() const { return bytesPerToken * mean(); }
};

/// Processes that each keep a core busy, as a neighbour on a shared machine would.
class Neighbours {
public:
  explicit Neighbours(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      pid_t child = fork();
      if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (volatile uint64_t spin = 0;; spin = spin + 1)
          ;
      }
      if (child > 0)
        children_.push_back(child);
    }
  }
  ~Neighbours() {
    for (pid_t child : children_) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }
  Neighbours(const Neighbours &) = delete;
  uint32_t count() const { return static_cast<uint32_t>(children_.size()); }

private:
  std::vector<pid_t> children_;
};

double bytesOfStep(Decoder &decoder, int64_t tokens, int64_t length) {
  const Plan &plan = decoder.model().plan();
  std::vector<int64_t> symbols(plan.symbols.size(), 1);
  auto set = [&](const char *name, int64_t value) {
    if (uint32_t number = plan.symbol(name); number != LATHE_NONE)
      symbols[number] = value;
  };
  int64_t page = decoder.model().metadata().pageTokens;
  set("tokens", tokens);
  set("blocks", (length + page - 1) / page);
  set("pages", (decoder.contextSize() + page - 1) / page);
  auto shape = decoder.session().shape(*plan.function("step"), symbols);
  return shape ? static_cast<double>((*shape)->bytesRead) : 0;
}

Status runOnce(Decoder &decoder, const Measurement &measurement, double *seconds) {
  uint64_t sequence = decoder.addSequence();
  uint32_t seed = 1;
  auto token = [&] {
    return static_cast<int32_t>((seed = seed * 1664525 + 1013904223) >> 8) % static_cast<int32_t>(decoder.vocabulary());
  };
  auto start = Clock::now();
  Status status = Status::success();
  if (measurement.prompt) {
    std::vector<int32_t> prompt(measurement.prompt);
    std::generate(prompt.begin(), prompt.end(), token);
    start = Clock::now();
    status = decoder.feed(sequence, prompt);
  }
  for (uint32_t i = 0; i < measurement.generate && status; ++i) {
    int32_t next[] = {token()};
    Decoder::Part part{sequence, next, 1};
    status = decoder.step({&part, 1});
  }
  *seconds = std::chrono::duration<double>(Clock::now() - start).count();
  decoder.removeSequence(sequence);
  return status;
}

Status measure(Decoder &decoder, Measurement &measurement, uint32_t repetitions, Progress &progress) {
  uint32_t tokens = measurement.prompt + measurement.generate;
  double seconds = 0;
  for (uint32_t i = 0; i <= repetitions; ++i) { // the first one warms up
    progress("measuring " + measurement.test, i, repetitions + 1);
    if (Status status = runOnce(decoder, measurement, &seconds); !status)
      return status;
    if (catchInterrupts())
      return Status::failure("interrupted while measuring " + measurement.test);
    if (i)
      measurement.tokensPerSecond.push_back(tokens / seconds);
  }
  measurement.bytesPerToken = measurement.generate
                                  ? bytesOfStep(decoder, 1, measurement.generate / 2 + 1)
                                  : bytesOfStep(decoder, measurement.prompt, measurement.prompt) / measurement.prompt;
  // One more run, with the time of every launch.
  const Plan &plan = decoder.model().plan();
  std::vector<uint64_t> times(plan.launches.size());
  decoder.session().profile(&times);
  Status status = runOnce(decoder, measurement, &seconds);
  decoder.session().profile(nullptr);
  double total = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    std::string_view entry = plan.string(plan.kernels[plan.launches[i].kernel].description);
    measurement.kernelShare[std::string(entry.substr(0, entry.find(':')))] += static_cast<double>(times[i]);
    total += static_cast<double>(times[i]);
  }
  for (auto &[name, share] : measurement.kernelShare)
    share /= std::max(total, 1.0);
  return status;
}

std::string kernelsText(const Measurement &measurement) {
  std::vector<std::pair<double, std::string>> shares;
  for (const auto &[name, share] : measurement.kernelShare)
    if (share > 0)
      shares.emplace_back(share, name);
  std::sort(shares.rbegin(), shares.rend());
  std::string text;
  for (const auto &[share, name] : shares) {
    char part[96];
    std::snprintf(part, sizeof part, "%s%s %.0f%%", text.empty() ? "" : ", ", name.c_str(), 100 * share);
    text += part;
  }
  return text;
}

void print(const Options &options, const std::vector<Measurement> &all, unsigned threads, double bandwidth,
           const std::string &target) {
  std::error_code error;
  double size = static_cast<double>(std::filesystem::file_size(options.model, error)) / (1 << 20);
  std::string name = std::filesystem::path(options.model).filename().string();
  if (options.format == "json") {
    nlohmann::json rows = nlohmann::json::array();
    for (const Measurement &one : all)
      rows.push_back({{"model_filename", options.model},
                      {"backend", target},
                      {"n_threads", threads},
                      {"n_prompt", one.prompt},
                      {"n_gen", one.generate},
                      {"test", one.test},
                      {"avg_ts", one.mean()},
                      {"stddev_ts", one.deviation()},
                      {"samples_ts", one.tokensPerSecond},
                      {"bytes_per_token", one.bytesPerToken},
                      {"bytes_per_second", one.bytesPerSecond()},
                      {"memory_bytes_per_second", bandwidth},
                      {"kernels", one.kernelShare}});
    std::printf("%s\n", rows.dump(2).c_str());
    return;
  }
  bool csv = options.format == "csv";
  std::printf(csv ? "model,size_mib,backend,threads,test,avg_ts,stddev_ts,gb_per_second,bandwidth_share,kernels\n"
                  : "| model | size | backend | threads | test | t/s | GB/s | of memory | kernels |\n"
                    "| ----- | ---: | ------- | ------: | ---: | --: | ---: | --------: | ------- |\n");
  for (const Measurement &one : all) {
    double share = bandwidth > 0 ? one.bytesPerSecond() / bandwidth : 0;
    if (csv)
      std::printf("%s,%.2f,%s,%u,%s,%.2f,%.2f,%.2f,%.3f,\"%s\"\n", name.c_str(), size, target.c_str(), threads,
                  one.test.c_str(), one.mean(), one.deviation(), one.bytesPerSecond() / 1e9, share,
                  kernelsText(one).c_str());
    else
      std::printf("| %s | %.2f MiB | %s | %u | %s | %.2f ± %.2f | %.2f | %.0f%% | %s |\n", name.c_str(), size,
                  target.c_str(), threads, one.test.c_str(), one.mean(), one.deviation(), one.bytesPerSecond() / 1e9,
                  100 * share, kernelsText(one).c_str());
  }
  if (!csv)
    std::printf("\nmemory read by %u threads: %.2f GB/s\n", threads, bandwidth / 1e9);
}

/// Decoding with all threads beside busy neighbours, against one thread without them.
int benchBusy(const Options &options, std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool,
              Progress &progress) {
  DecoderOptions decoderOptions;
  decoderOptions.contextSize = *std::max_element(options.generate.begin(), options.generate.end());
  auto alone = Decoder::create(model, std::make_shared<ThreadPool>(1), decoderOptions);
  auto together = Decoder::create(model, pool, decoderOptions);
  if (!alone || !together)
    return fail(alone ? together.status() : alone.status());
  for (uint32_t count : options.generate) {
    Measurement idle, busy;
    idle.test = busy.test = "tg" + std::to_string(count);
    idle.generate = busy.generate = count;
    if (Status status = measure(**alone, idle, options.repetitions, progress); !status)
      return fail(status);
    uint32_t neighbours;
    {
      Neighbours spinning(options.busy);
      neighbours = spinning.count();
      if (Status status = measure(**together, busy, options.repetitions, progress); !status)
        return fail(status);
    }
    double ratio = busy.mean() / idle.mean();
    if (options.format == "json")
      std::printf("%s\n", nlohmann::json({{"test", busy.test},
                                          {"n_threads", pool->threads()},
                                          {"busy_processes", neighbours},
                                          {"avg_ts", busy.mean()},
                                          {"stddev_ts", busy.deviation()},
                                          {"idle_one_thread_ts", idle.mean()},
                                          {"ratio", ratio}})
                              .dump(2)
                              .c_str());
    else
      std::printf("%s: %.2f ± %.2f t/s with %u threads beside %u busy processes; %.2f ± %.2f t/s with one thread and "
                  "none; ratio %.2f\n",
                  busy.test.c_str(), busy.mean(), busy.deviation(), pool->threads(), neighbours, idle.mean(),
                  idle.deviation(), ratio);
  }
  return 0;
}

/// What chains of samplers cost.
int benchSampling(const Options &options, std::shared_ptr<const LoadedModel> model, std::shared_ptr<ThreadPool> pool) {
  DecoderOptions decoderOptions;
  decoderOptions.contextSize = options.contextSize ? options.contextSize : 256;
  auto decoder = Decoder::create(model, pool, decoderOptions);
  auto cost = decoder ? measureSampling(**decoder, options.repetitions) : decoder.status();
  if (!cost)
    return fail(cost.status());
  if (options.format == "json") {
    nlohmann::json rows = nlohmann::json::array();
    for (const SamplingMeasurement &one : cost->chains)
      rows.push_back({{"name", one.name},
                      {"chain", one.chain},
                      {"n_threads", pool->threads()},
                      {"vocabulary", (*decoder)->vocabulary()},
                      {"microseconds", one.microseconds},
                      {"step_microseconds", cost->stepMicroseconds},
                      {"share_of_step", one.microseconds / cost->stepMicroseconds}});
    std::printf("%s\n", rows.dump(2).c_str());
    return 0;
  }
  bool csv = options.format == "csv";
  std::printf(
      csv ? "name,microseconds,share_of_step,chain\n"
          : "| samplers | us per token | of a step | chain |\n| -------- | -----------: | --------: | ----- |\n");
  for (const SamplingMeasurement &one : cost->chains)
    std::printf(csv ? "%s,%.1f,%.4f,\"%s\"\n" : "| %s | %.1f | %.2f%% | %s |\n", one.name.c_str(), one.microseconds,
                (csv ? 1 : 100) * one.microseconds / cost->stepMicroseconds, one.chain.c_str());
  if (!csv)
    std::printf("\na step of one token by %u threads: %.0f us; %u logits\n", pool->threads(), cost->stepMicroseconds,
                (*decoder)->vocabulary());
  return 0;
}

int bench(const Options &options) {
  Progress progress(options.quiet);
  auto artifact = openModel(options, options.quiet, [](CompileOptions &compilation) {
    compilation.wantForward = false;
    compilation.requireStep = true;
  });
  if (!artifact)
    return fail(artifact.status());
  auto pool = std::make_shared<ThreadPool>(options.threads);
  auto model = LoadedModel::load(*artifact, pool.get());
  if (!model)
    return fail(model.status());
  if (options.sampling)
    return benchSampling(options, *model, pool);
  if (options.busy)
    return benchBusy(options, *model, pool, progress);
  std::vector<Measurement> all;
  uint32_t longest = 0;
  for (auto [list, isPrompt] : {std::pair{&options.prompt, true}, {&options.generate, false}})
    for (uint32_t count : *list)
      if (count) {
        Measurement one;
        one.test = (isPrompt ? "pp" : "tg") + std::to_string(count);
        (isPrompt ? one.prompt : one.generate) = count;
        longest = std::max(longest, count);
        all.push_back(one);
      }
  if (all.empty())
    return usageError("nothing to measure: -p and -n are 0");
  DecoderOptions decoderOptions;
  decoderOptions.contextSize = options.contextSize ? options.contextSize : longest;
  auto decoder = Decoder::create(*model, pool, decoderOptions);
  if (!decoder)
    return fail(decoder.status());
  double bandwidth = measureReadBandwidth(*pool);
  for (Measurement &one : all)
    if (Status status = measure(**decoder, one, options.repetitions, progress); !status)
      return fail(status);
  std::string target;
  for (const ArtifactSection &section : (*artifact)->sections())
    if (section.kind == LATHE_SECTION_CODE && target.empty())
      target = section.name;
  print(options, all, pool->threads(), bandwidth, target);
  return 0;
}

} // namespace

void addBenchCommand(CLI::App &program, int &result) {
  auto options = std::make_shared<Options>();
  CLI::App *command = program.add_subcommand("bench", "measure prefill and decoding");
  addModelOptions(*command, *options);
  command->add_option("-p,--n-prompt", options->prompt, "tokens of the prompt; several: comma separated; 0: none")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("-n,--n-gen", options->generate, "tokens to generate; several: comma separated; 0: none")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("-r,--repetitions", options->repetitions, "runs of each test")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command
      ->add_option("--busy", options->busy,
                   "decode beside so many processes that keep a core busy, and compare with one thread without them")
      ->check(CLI::Range(1u, 64u));
  command->add_flag("--sampling", options->sampling,
                    "time chains of samplers instead: the default one, each sampler, all at once");
  command->add_option("-o,--output", options->format, "md, json or csv")
      ->check(CLI::IsMember({"md", "json", "csv"}))
      ->capture_default_str();
  command->add_flag("-q,--quiet", options->quiet, "nothing on stderr but errors");
  command->footer("Examples:\n  lathe bench model.gguf -p 512 -n 128 -r 5 -t 2 -o md\n  lathe bench model.gguf -n 128 "
                  "-t 2 --busy 1");
  command->final_callback([options, &result] { result = bench(*options); });
}

} // namespace lathe
