// See ThreadPool.h. How many threads there should be is in CpuCount.cpp.
#include "runtime/cpu/ThreadPool.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace lathe {

namespace {

constexpr uint64_t microsecond = 1000, millisecond = 1000 * microsecond;
/// How long a worker looks for the next launch before it sleeps, and the caller for stragglers.
constexpr uint64_t spinTime = 50 * microsecond;
/// Work below this runs on the calling thread: where workers are awake, and where they would have to be woken.
constexpr double worthSharing = 6 * microsecond, worthWaking = 40 * microsecond;
/// A range should take at least this long, so that claiming it costs nothing.
constexpr double leastRange = 1.5 * microsecond;
/// A wait above this is looked into: did the straggler lose its core?
constexpr uint64_t longWait = 100 * microsecond;
/// Launch time over which speeds are compared.
constexpr uint64_t stretch = 25 * millisecond;
/// Time between trials of another number of threads: from the first that changes nothing on it doubles.
constexpr uint64_t firstBackOff = 100 * millisecond, longestBackOff = 1000 * millisecond;
/// The share of lost time from which a trial is worth it, and how much faster it must be to stay.
constexpr double worthTrying = 0.1, worthStaying = 1.05;

uint64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1'000'000'000 + uint64_t(time.tv_nsec);
}

void pause() { __builtin_ia32_pause(); }

void futexWait(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void futexWake(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

/// How often the calling thread has lost its core against its will.
long preemptions() {
  rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

} // namespace

ThreadPool::ThreadPool(unsigned threads) {
  if (threads == 0)
    threads = defaultThreads();
  threads = std::clamp(threads, 1u, 1024u);
  active_ = threads;
  for (unsigned i = 1; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    try {
      workers_.back()->thread = std::thread([this, i, worker = workers_.back().get()] {
        while (waitForWork(*worker, i))
          work(i);
      });
    } catch (const std::system_error &) {
      workers_.pop_back();
      active_ = i;
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  for (auto &worker : workers_) {
    worker->asleep = 0;
    futexWake(worker->asleep);
  }
  for (auto &worker : workers_)
    worker->thread.join();
}

bool ThreadPool::claim(Claim &claim, uint32_t &epoch) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  for (;;) {
    uint32_t left = uint32_t(ticket);
    epoch = uint32_t(ticket >> 32);
    if (left == 0)
      return false;
    uint32_t take =
        std::max(left / divisor_.load(std::memory_order_relaxed), leastUnits_.load(std::memory_order_relaxed));
    take = std::min(take, left);
    uint32_t first = units_.load(std::memory_order_relaxed) - left;
    int64_t tiles = tiles_.load(std::memory_order_relaxed), perUnit = tilesPerUnit_.load(std::memory_order_relaxed);
    if (ticket_.compare_exchange_weak(ticket, ticket - take, std::memory_order_acq_rel, std::memory_order_acquire)) {
      claim = {std::min(int64_t(first) * perUnit, tiles), std::min(int64_t(first + take) * perUnit, tiles), take};
      return true;
    }
  }
}

void ThreadPool::work(unsigned thread) {
  static thread_local long seenPreemptions = preemptions();
  Claim range;
  uint32_t epoch;
  while (claim(range, epoch)) {
    // The claim keeps the launch alive: these are its fields.
    body_.load(std::memory_order_relaxed)(context_.load(std::memory_order_relaxed), thread, range.begin, range.end);
    uint32_t units = units_.load(std::memory_order_relaxed);
    if (callerSleeps_.load(std::memory_order_relaxed)) {
      // Somebody is waiting for us: was it we who were slow?
      long count = preemptions();
      if (count != seenPreemptions)
        preempted_.fetch_add(1, std::memory_order_relaxed);
      seenPreemptions = count;
    }
    if (finished_.fetch_add(range.units, std::memory_order_seq_cst) + range.units == units &&
        callerSleeps_.load(std::memory_order_seq_cst))
      futexWake(finished_);
  }
}

bool ThreadPool::waitForWork(Worker &worker, unsigned thread) {
  uint64_t until = now() + spinTime;
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (stop_.load(std::memory_order_relaxed))
        return false;
      if (thread < active_.load(std::memory_order_relaxed) && uint32_t(ticket_.load(std::memory_order_acquire)) != 0)
        return true;
      pause();
    }
    if (now() < until)
      continue;
    worker.asleep.store(1, std::memory_order_seq_cst);
    bool missed =
        thread < active_.load(std::memory_order_seq_cst) && uint32_t(ticket_.load(std::memory_order_seq_cst)) != 0;
    if (missed || stop_.load(std::memory_order_seq_cst))
      worker.asleep.store(0, std::memory_order_relaxed);
    while (worker.asleep.load(std::memory_order_acquire) == 1)
      futexWait(worker.asleep, 1);
    until = now() + spinTime;
  }
}

void ThreadPool::wake(unsigned workers) {
  for (unsigned i = 0; i < workers; ++i)
    if (workers_[i]->asleep.load(std::memory_order_seq_cst) == 1) {
      workers_[i]->asleep.store(0, std::memory_order_release);
      futexWake(workers_[i]->asleep);
    }
}

void ThreadPool::waitForStragglers(uint32_t units) {
  uint64_t until = 0;
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (finished_.load(std::memory_order_acquire) == units)
        return;
      pause();
    }
    uint64_t time = now();
    if (until == 0)
      until = time + spinTime;
    if (time >= until)
      break;
  }
  // Sleeping gives this core to whoever waits for one, perhaps to the straggler itself.
  callerSleeps_.store(1, std::memory_order_seq_cst);
  for (uint32_t value; (value = finished_.load(std::memory_order_seq_cst)) != units;)
    futexWait(finished_, value);
  callerSleeps_.store(0, std::memory_order_relaxed);
}

/// Decides after every stretch of launches how many threads take part. Speed is work, as an undisturbed thread would
/// need it, for the time it took: launches and their sizes may differ from stretch to stretch.
void ThreadPool::judge(uint64_t time, uint64_t launchTime, uint64_t lost, double work) {
  stretchTime_ += launchTime;
  stretchLost_ += lost;
  stretchWork_ += work;
  if (stretchTime_ < stretch)
    return;
  double speed = stretchWork_ / double(stretchTime_), lostShare = double(stretchLost_) / double(stretchTime_);
  stretchTime_ = stretchLost_ = 0;
  stretchWork_ = 0;
  uint32_t active = active_.load(std::memory_order_relaxed);
  if (triedFrom_) {
    bool stay = speed > worthStaying * speedBefore_;
    if (!stay)
      active_.store(triedFrom_, std::memory_order_relaxed);
    backOff_ = stay || backOff_ == 0 ? firstBackOff : std::min(backOff_ * 2, longestBackOff);
    retryAt_ = time + backOff_;
    triedFrom_ = 0;
  } else if (time >= retryAt_) {
    bool fewer = active > 1 && lostShare > worthTrying;
    if (!fewer && active == threads())
      return;
    triedFrom_ = active;
    speedBefore_ = speed;
    active_.store(fewer ? active - 1 : active + 1, std::memory_order_relaxed);
  }
}

void ThreadPool::run(int64_t tiles, Cost &cost, Body body, void *context) {
  if (tiles <= 0)
    return;
  uint64_t start = now();
  uint32_t active = active_.load(std::memory_order_relaxed);
  auto learn = [&](uint64_t time, int64_t done) {
    double measured = double(time) / double(done);
    double &known = cost.nanosecondsPerTile;
    // A thread that lost its core on the way measures far too much; a real change is learnt over a few launches.
    known = known == 0 ? measured : known + 0.25 * (std::min(measured, 2 * known) - known);
    double &least = cost.leastPerTile;
    least = least == 0 ? measured : std::min(measured, least * 1.0005);
  };

  double perTile = cost.nanosecondsPerTile, total = perTile * double(tiles);
  bool serial = active == 1 || tiles == 1;
  if (!serial && perTile != 0) {
    if (workers_[0]->asleep.load(std::memory_order_relaxed) == 0) {
      serial = total < worthSharing;
    } else {
      // A series of launches that are not worth it one by one is worth waking for together.
      if (start - lastEnd_ > spinTime)
        unshared_ = 0;
      unshared_ += total;
      serial = unshared_ < worthWaking || total < worthSharing;
    }
  }
  if (serial) {
    body(context, 0, 0, tiles);
    lastEnd_ = now();
    learn(lastEnd_ - start, tiles);
    if (threads() > 1)
      judge(lastEnd_, lastEnd_ - start, 0, cost.leastPerTile * double(tiles));
    return;
  }
  unshared_ = 0;

  int64_t perUnit = (tiles + INT_MAX - 1) / INT_MAX;
  uint32_t units = uint32_t((tiles + perUnit - 1) / perUnit);
  double least = perTile == 0 ? 1 : std::clamp(leastRange / (perTile * double(perUnit)), 1.0, double(units));
  tiles_.store(tiles, std::memory_order_relaxed);
  tilesPerUnit_.store(perUnit, std::memory_order_relaxed);
  units_.store(units, std::memory_order_relaxed);
  leastUnits_.store(uint32_t(least), std::memory_order_relaxed);
  divisor_.store(3 * active, std::memory_order_relaxed);
  body_.store(body, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  uint32_t preemptedBefore = preempted_.load(std::memory_order_relaxed);
  uint32_t epoch = uint32_t(ticket_.load(std::memory_order_relaxed) >> 32) + 1;
  ticket_.store(uint64_t(epoch) << 32 | units, std::memory_order_seq_cst);
  wake(std::min(active, units) - 1);

  Claim range;
  int64_t done = 0;
  uint64_t began = now();
  while (claim(range, epoch)) {
    body(context, 0, range.begin, range.end);
    done += range.end - range.begin;
    finished_.fetch_add(range.units, std::memory_order_acq_rel);
  }
  uint64_t ownEnd = now();
  if (done)
    learn(ownEnd - began, done);
  uint64_t end = ownEnd;
  if (finished_.load(std::memory_order_acquire) != units) {
    waitForStragglers(units);
    end = now();
  }
  bool lostCore = end - ownEnd > longWait && preempted_.load(std::memory_order_relaxed) != preemptedBefore;
  lastEnd_ = end;
  judge(end, end - start, lostCore ? end - ownEnd : 0, cost.leastPerTile * double(tiles));
}

} // namespace lathe
