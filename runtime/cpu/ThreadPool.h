// Persistent worker threads that share the tiles of a launch. Made for many launches of a few to some hundred
// microseconds in a row, on machines where other processes want the cores too. Relies on futexes (Linux).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lathe {

/// Threads share the tiles of a launch by claiming ranges of them, larger ones first. A worker that does not get a core
/// claims nothing and holds up nobody. A worker that loses its core while it holds a range makes the launch wait; when
/// that happens, the pool tries whether it gets more done with fewer threads, stays with what is better, and tries
/// again later.
class ThreadPool {
public:
  /// Computes tiles [begin, end) on thread `thread` (0 is the caller, below `threads()`).
  using Body = void (*)(void *context, unsigned thread, int64_t begin, int64_t end);

  /// What a launch is known to cost; learnt by `run`, kept by the caller for each launch it repeats.
  struct Cost {
    double nanosecondsPerTile = 0; ///< as of late; 0: not known yet
    double leastPerTile = 0;       ///< of an undisturbed thread
  };

  /// `threads` counts the calling thread; 0 stands for `defaultThreads()`. Workers that the system refuses are done
  /// without.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// The cores this process may use, without a core's second hardware threads and within the control group's quota.
  static unsigned defaultThreads();
  unsigned threads() const { return unsigned(workers_.size()) + 1; }
  /// Threads that take part at the moment; fewer than `threads()` while other processes hold the cores.
  unsigned activeThreads() const { return active_; }

  /// Calls `body` so that every tile of [0, tiles) is computed once; returns when all are. What is little work runs on
  /// the calling thread alone. One caller at a time: hold `lock()` around a series of launches where there may be more.
  void run(int64_t tiles, Cost &cost, Body body, void *context);
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

private:
  struct alignas(64) Worker {
    std::atomic<uint32_t> asleep{0};
    std::thread thread;
  };
  struct Claim {
    int64_t begin, end;
    uint32_t units;
  };

  bool claim(Claim &claim, uint32_t &epoch);
  void work(unsigned thread);
  bool waitForWork(Worker &worker, unsigned thread);
  void wake(unsigned workers);
  void waitForStragglers(uint32_t units);
  void judge(uint64_t time, uint64_t launchTime, uint64_t lost, double work);

  // The launch. `ticket_` holds its number (high half) and how many units are unclaimed (low half); a claim that
  // succeeds proves that the other fields are those of that launch.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int64_t> tiles_{0};
  std::atomic<int64_t> tilesPerUnit_{1};
  std::atomic<uint32_t> units_{0}, leastUnits_{1}, divisor_{1};
  std::atomic<Body> body_{nullptr};
  std::atomic<void *> context_{nullptr};
  alignas(64) std::atomic<uint32_t> finished_{0};
  std::atomic<uint32_t> callerSleeps_{0};
  std::atomic<uint32_t> preempted_{0}; ///< stragglers that had lost their core, since the pool began
  std::atomic<uint32_t> active_{1};
  std::atomic<bool> stop_{false};

  // Only for the calling thread. Work of the launches in a row that woke nobody:
  double unshared_ = 0;
  uint64_t lastEnd_ = 0;
  // How the present stretch of launches goes, and the trial of another number of threads, if there is one:
  uint64_t stretchTime_ = 0, stretchLost_ = 0;
  double stretchWork_ = 0, speedBefore_ = 0;
  uint32_t triedFrom_ = 0; ///< 0: no trial
  uint64_t retryAt_ = 0, backOff_ = 0;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

} // namespace lathe
