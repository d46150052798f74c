// Weights of a loaded model: those in the artifact are used where they lie, those in model files are checked and
// packed.
#include "runtime/ContentHash.h"
#include "runtime/LoadedModel.h"
#include "runtime/Memory.h"
#include "runtime/cpu/Pack.h"

#include <algorithm>
#include <mutex>

namespace lathe {

namespace {

/// About how much packed output makes a job for one thread.
constexpr uint64_t jobBytes = 256 << 10;

/// Work on the weights of model files, cut into jobs for the threads; the first problem is kept.
struct Packing {
  const Plan &plan;
  std::span<const Mapping> files;
  std::mutex mutex = {};
  std::string problem = {};

  struct Job {
    uint32_t weight;
    std::span<std::byte> out; // of the whole weight
    uint64_t begin, end;      // pieces to check, or parts to pack
  };

  std::string nameOf(uint32_t weight) const {
    return "weight '" + std::string(plan.string(plan.weights[weight].name)) + "'";
  }
  std::span<const std::byte> bytesOf(const LatheWeightPiece &piece) const {
    return files[piece.file].bytes().subspan(piece.offset, piece.bytes);
  }
  void fail(const std::string &message) {
    std::lock_guard guard(mutex);
    if (problem.empty())
      problem = message;
  }

  void check(const Job &job) {
    for (const LatheWeightPiece &piece :
         plan.piecesOf(plan.weights[job.weight]).subspan(job.begin, job.end - job.begin))
      if (piece.hash != 0 && contentHash(bytesOf(piece)) != piece.hash)
        fail(std::string(plan.string(plan.files[piece.file])) +
             " is not the file the model was compiled from: the bytes of " + nameOf(job.weight) +
             " differ; compile the model again");
  }
  void pack(const Job &job) {
    const LatheWeight &weight = plan.weights[job.weight];
    std::vector<PieceBytes> pieces;
    for (const LatheWeightPiece &piece : plan.piecesOf(weight))
      pieces.push_back({&piece, bytesOf(piece)});
    if (Status status = packWeight(weight, pieces, job.out, job.begin, job.end); !status)
      fail(nameOf(job.weight) + ": " + status.message());
  }

  /// Runs one of the two over all jobs.
  Status run(ThreadPool *pool, std::span<const Job> jobs, void (Packing::*work)(const Job &)) {
    struct Body {
      Packing &packing;
      std::span<const Job> jobs;
      void (Packing::*work)(const Job &);
      static void call(void *self, unsigned, int64_t begin, int64_t end) {
        auto &body = *static_cast<Body *>(self);
        for (const Job &job : body.jobs.subspan(size_t(begin), size_t(end - begin)))
          (body.packing.*body.work)(job);
      }
    } body{*this, jobs, work};
    if (pool) {
      ThreadPool::Cost cost;
      auto turn = pool->lock();
      pool->run(int64_t(jobs.size()), cost, Body::call, &body);
    } else {
      Body::call(&body, 0, 0, int64_t(jobs.size()));
    }
    return problem.empty() ? Status::success() : Status::failure(problem);
  }
};

/// The path of a model file: a relative one is meant relative to the artifact's folder.
std::string resolve(const std::string &artifact, std::string_view file) {
  if (file.starts_with('/'))
    return std::string(file);
  size_t slash = artifact.rfind('/');
  return slash == std::string::npos ? std::string(file) : artifact.substr(0, slash + 1) + std::string(file);
}

} // namespace

Status LoadedModel::loadWeights(ThreadPool *pool) {
  const Plan &plan = artifact_->plan();
  std::span<const std::byte> embedded = artifact_->section(LATHE_SECTION_WEIGHTS);
  weights_.resize(plan.weights.size());

  std::vector<uint8_t> needed(plan.files.size());
  uint64_t total = 0;
  for (size_t i = 0; i < plan.weights.size(); ++i) {
    const LatheWeight &weight = plan.weights[i];
    if (Plan::isEmbedded(weight)) {
      weights_[i] = embedded.data() + weight.offset;
      continue;
    }
    for (const LatheWeightPiece &piece : plan.piecesOf(weight))
      needed[piece.file] = 1;
    if (__builtin_add_overflow(total, (weight.bytes + 63) / 64 * 64, &total) || weight.bytes > UINT64_MAX - 63)
      return Status::failure("the weights are too large");
  }
  if (total == 0)
    return Status::success();

  std::vector<Mapping> files(plan.files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (!needed[i])
      continue;
    auto file = Mapping::file(resolve(artifact_->path(), plan.string(plan.files[i])));
    if (!file)
      return Status::failure("the weights are in a model file: " + file.message());
    files[i] = std::move(*file);
  }
  for (const LatheWeight &weight : plan.weights) {
    if (Plan::isEmbedded(weight))
      continue;
    for (const LatheWeightPiece &piece : plan.piecesOf(weight)) {
      uint64_t size = files[piece.file].size();
      if (piece.offset > size || piece.bytes > size - piece.offset)
        return Status::failure(std::string(plan.string(plan.files[piece.file])) + " has " + std::to_string(size) +
                               " bytes, weight '" + std::string(plan.string(weight.name)) + "' lies at " +
                               std::to_string(piece.offset) + " with " + std::to_string(piece.bytes) +
                               "; it is not the file the model was compiled from");
    }
  }

  auto memory = allocateArena(total, "the packed weights", "compile the model with --weights embed");
  if (!memory)
    return memory.status();
  packed_ = std::move(*memory);
  Packing packing{plan, files};
  std::vector<Packing::Job> checks, packs;
  uint64_t offset = 0;
  for (uint32_t i = 0; i < plan.weights.size(); ++i) {
    const LatheWeight &weight = plan.weights[i];
    if (Plan::isEmbedded(weight))
      continue;
    if (weight.interleave && weight.rows % 2)
      return Status::failure(packing.nameOf(i) + " has two halves and " + std::to_string(weight.rows) + " rows");
    auto expected = lathe::packedBytes(LatheType(weight.type), LatheLayout(weight.layout), weight.rows, weight.columns,
                                       weight.interleave);
    if (!expected || *expected != weight.bytes)
      return Status::failure(packing.nameOf(i) + " has " + std::to_string(weight.bytes) +
                             " packed bytes in the plan, " + (expected ? std::to_string(*expected) : "no number") +
                             " by its layout");
    std::span<std::byte> out(packed_.data() + offset, size_t(weight.bytes));
    weights_[i] = out.data();
    offset += (weight.bytes + 63) / 64 * 64;
    for (uint64_t piece = 0; piece < weight.pieces.count; ++piece)
      checks.push_back({i, out, piece, piece + 1});
    uint64_t parts = packingParts(weight), pieceOfWork = std::max<uint64_t>(1, parts / (weight.bytes / jobBytes + 1));
    for (uint64_t begin = 0; begin < parts; begin += pieceOfWork)
      packs.push_back({i, out, begin, std::min(parts, begin + pieceOfWork)});
  }
  if (Status status = packing.run(pool, checks, &Packing::check); !status)
    return status;
  return packing.run(pool, packs, &Packing::pack);
}

} // namespace lathe
