// Networks that engines have prepared of one set of weights.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace vgg16 {

/// Preparing weights for a device takes a moment and, on a CPU, 242 MB: an engine that is made while another one lives
/// shares what that one has. Holds nothing alive itself. Thread-safe.
class NetworkCache {
 public:
  /// The network that is alive under `key`, if its last_layer is at least `last_layer`; else what make() gives, which
  /// is found from now on. One thread at a time runs make(). `key` names device, precision and instruction set, and so
  /// the type: a key belongs to one Network. Throws what make() throws.
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
