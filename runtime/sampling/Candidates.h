// The tokens that may still be drawn and their logits, as the samplers of a chain change them: all of a row of logits
// at first, then lists of what is left, always in ascending order of the ids. Relies on LogitMath.h.
#pragma once

#include "runtime/sampling/SamplerOptions.h"

#include <span>
#include <vector>

namespace lathe {

/// Of equal logits the lower id counts as the larger one, so that what is kept never depends on how it is selected.
class Candidates {
public:
  /// All of `logits`, which must stay as they are until the next call. `allowed` has a bit for each token (64 to a
  /// word, lowest first; tokens beyond its end are not allowed) or is empty: all are.
  void reset(std::span<const float> logits, std::span<const uint64_t> allowed);
  /// One token alone.
  void reset(int32_t id, float logit);

  size_t size() const { return logits_.size(); }
  std::span<const int32_t> ids();
  std::span<const float> logits() const { return logits_; }
  float largest() const;

  bool has(int32_t id) const { return place(id) < logits_.size(); }
  /// The logit of `id` becomes change(logit); nothing where it is no candidate.
  template <class Change> void change(int32_t id, Change change) {
    if (size_t at = place(id); at < logits_.size()) {
      makeOwn();
      own_[at] = change(own_[at]);
    }
  }
  void forbid(int32_t id);

  void keepLargest(); ///< the largest alone
  void keepTopK(size_t k);
  void keepAtLeast(float least);
  /// The fewest of the largest whose probabilities reach `mass`.
  void keepTopP(double mass);
  /// The same, in the order of the distance between a token's surprise and the expected one (Meister et al., "Locally
  /// Typical Sampling").
  void keepTypical(double mass);
  /// Those within `count` standard deviations of the largest (Tang et al., "Top-nσ").
  void keepWithinDeviations(double count);
  /// Of those with at least `threshold` probability all but the least are removed.
  void excludeTopChoices(double threshold);
  /// `keepSign` leaves the logits' zero where it is; without it the largest becomes 0, so that nothing overflows.
  void divide(float temperature, bool keepSign);
  /// Divides by a temperature between `least` and `most` by the share of the largest possible entropy.
  void divideByEntropy(float least, float most, float exponent, bool keepSign);

  /// The k largest in their order, largest first.
  void largestInOrder(size_t k, std::vector<std::pair<int32_t, float>> &out);

private:
  struct Entry {
    uint32_t place;
    float key; // smaller is better; the lower place among equals
  };
  static bool before(const Entry &a, const Entry &b) { return a.key != b.key ? a.key < b.key : a.place < b.place; }

  size_t place(int32_t id) const;
  void makeOwn();
  void keepPlaces(std::span<const uint32_t> places);
  void keepMass(double target, float largest, double center, bool twoSided);
  void collectTopK(size_t k);

  std::span<const float> logits_; // the caller's, or own_
  bool dense_ = true;             // ids are 0 .. size - 1
  std::vector<float> own_, kept_, weights_, distances_;
  std::vector<double> sums_;
  std::vector<int32_t> ids_, keptIds_, allIds_;
  std::vector<uint32_t> places_;
  std::vector<Entry> entries_;
};

} // namespace lathe
