// Every tile once, whatever the number of threads; and no collapse when another process spins on a core.
#include "runtime/cpu/ThreadPool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace lathe;

namespace {

struct Tiles {
  std::vector<std::atomic<int>> counts;
  explicit Tiles(size_t size) : counts(size) {}
  static void count(void *self, unsigned, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      static_cast<Tiles *>(self)->counts[size_t(i)].fetch_add(1, std::memory_order_relaxed);
  }
};

TEST(ThreadPool, EveryTileOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t tiles : {0, 1, 2, 3, 100, 4097}) {
      ThreadPool::Cost cost;
      constexpr int rounds = 50;
      Tiles seen{size_t(tiles)};
      for (int round = 0; round < rounds; ++round)
        pool.run(tiles, cost, Tiles::count, &seen);
      for (auto &count : seen.counts)
        ASSERT_EQ(count.load(), rounds) << threads << " threads, " << tiles << " tiles";
    }
  }
}

TEST(ThreadPool, LaunchesInARowSeeEachOther) {
  ThreadPool pool(3);
  struct Sum {
    std::vector<int64_t> from = std::vector<int64_t>(5000, 1), to = std::vector<int64_t>(5000);
    static void step(void *self, unsigned, int64_t begin, int64_t end) {
      auto &sum = *static_cast<Sum *>(self);
      for (int64_t i = begin; i < end; ++i)
        sum.to[size_t(i)] = sum.from[size_t(i)] + sum.from[size_t(4999 - i)];
    }
  } sum;
  ThreadPool::Cost cost;
  for (int round = 0; round < 40; ++round) {
    pool.run(5000, cost, Sum::step, &sum);
    std::swap(sum.from, sum.to);
  }
  for (int64_t value : sum.from)
    ASSERT_EQ(value, int64_t(1) << 40);
}

TEST(ThreadPool, MoreTilesThan32Bits) {
  ThreadPool pool(2);
  struct Total {
    std::atomic<int64_t> tiles{0};
    static void add(void *self, unsigned, int64_t begin, int64_t end) {
      static_cast<Total *>(self)->tiles += end - begin;
    }
  } total;
  ThreadPool::Cost cost;
  pool.run(int64_t(5) << 32, cost, Total::add, &total);
  EXPECT_EQ(total.tiles, int64_t(5) << 32);
}

TEST(ThreadPool, LittleWorkWakesNobody) {
  ThreadPool pool(4);
  struct Threads {
    std::atomic<int> others{0};
    static void note(void *self, unsigned thread, int64_t, int64_t) {
      static_cast<Threads *>(self)->others += thread != 0;
    }
  } seen;
  // On a machine that runs other tests as well a lost core can make a launch look long: one quiet round of some is
  // enough.
  bool isQuiet = false;
  for (int round = 0; round < 5 && !isQuiet; ++round) {
    ThreadPool::Cost one, small;
    for (int i = 0; i < 20; ++i)
      pool.run(16, small, Threads::note, &seen); // learns that it is little
    usleep(20000);                               // the workers go to sleep
    seen.others = 0;
    for (int i = 0; i < 1000; ++i) {
      pool.run(1, one, Threads::note, &seen);
      pool.run(16, small, Threads::note, &seen);
    }
    isQuiet = seen.others == 0;
  }
  EXPECT_TRUE(isQuiet);

  // Launches of some 20 microseconds each: none is worth waking for, all together are.
  auto medium = [](void *self, unsigned thread, int64_t begin, int64_t end) {
    for (volatile int64_t i = 0; i < (end - begin) * 1500; i = i + 1)
      ;
    Threads::note(self, thread, begin, end);
  };
  ThreadPool::Cost mediumCost{1500};
  seen.others = 0;
  for (int i = 0; i < 30000 && seen.others == 0; ++i)
    pool.run(16, mediumCost, medium, &seen);
  EXPECT_GT(seen.others, 0);
}

/// Launches of about 60 microseconds of work each for a while, as in the step of a decoder; how many per second.
double launchesPerSecond(ThreadPool &pool, double seconds) {
  auto work = [](void *, unsigned, int64_t begin, int64_t end) {
    [[maybe_unused]] static thread_local volatile double sink;
    for (int64_t i = begin; i < end; ++i) {
      double x = double(i);
      for (int k = 0; k < 200; ++k)
        x = x * 0.999 + 0.5;
      sink = x;
    }
  };
  using Clock = std::chrono::steady_clock;
  ThreadPool::Cost cost;
  int64_t launches = 0;
  auto start = Clock::now();
  double elapsed = 0;
  while ((elapsed = std::chrono::duration<double>(Clock::now() - start).count()) < seconds)
    for (int i = 0; i < 100; ++i, ++launches)
      pool.run(128, cost, work, nullptr);
  return double(launches) / elapsed;
}

TEST(ThreadPool, BusyNeighbourDoesNotRuinIt) {
  if (ThreadPool::defaultThreads() != 2)
    GTEST_SKIP() << "made for two cores, there are " << ThreadPool::defaultThreads();
  ThreadPool one(1), two(2);
  // The promise is 0.6 on an otherwise idle machine; what is tested holds on one that runs other tests too, in one
  // round of some.
  double alone = 0, busy = 0;
  for (int round = 0; round < 4 && !(busy > 0.3 * alone && busy > 0); ++round) {
    alone = launchesPerSecond(one, 0.3);
    pid_t spinner = fork();
    if (spinner == 0)
      for (;;)
        asm volatile("");
    busy = launchesPerSecond(two, 1.5);
    kill(spinner, SIGKILL);
    waitpid(spinner, nullptr, 0);
    std::printf("launches/s: one thread %.0f, two beside a spinning process %.0f\n", alone, busy);
  }
  EXPECT_GT(busy, 0.3 * alone);
}

} // namespace
