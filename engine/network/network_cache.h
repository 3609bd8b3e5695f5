// The prepared forms of one set of weights that engines share: transformed for a CPU, or copied to a GPU.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace vgg16 {

/// Preparing weights for a device takes time and, on a CPU, 242 MB. So an engine shares the network of another that
/// still exists. The cache keeps weak pointers only: a network is freed with the last engine that uses it. Thread-safe.
class NetworkCache {
 public:
  /// The existing network of `key`, if it has all layers up to `last_layer`; otherwise the result of make(), which
  /// later calls find. One thread at a time runs make(), so that two engines made at once share one network. `key`
  /// names device, precision and instruction set and always stands for the same type Network. Throws what make()
  /// throws.
  template <class Network, class Make>
  std::shared_ptr<const Network> find_or_make(const std::string& key, size_t last_layer, const Make& make) {
    const std::scoped_lock lock(mutex_);
    std::weak_ptr<const void>& known = networks_[key];
    auto network = std::static_pointer_cast<const Network>(known.lock());
    if (network != nullptr && network->last_layer >= last_layer) return network;
    network = make();
    known = network;
    return network;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const void>> networks_;
};

}  // namespace vgg16
