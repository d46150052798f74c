// See Interrupt.h.
#include "tools/run/Interrupt.h"

#include <csignal>
#include <unistd.h>

namespace lathe {

namespace {
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void onSignal(int) {
  if (interrupted.exchange(true))
    _exit(130);
}
} // namespace

std::atomic<bool> &catchInterrupts() {
  struct sigaction action = {}; // without SA_RESTART: a read from the terminal returns
  action.sa_handler = onSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

} // namespace lathe
