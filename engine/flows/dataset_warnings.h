// What is unusual about a dataset and often a mistake, to be said before hours of work.
#pragma once

#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

/// One line for each of these that occurs, with how often and the first example: a class drawn from several folders; a
/// class folder inside another one; a class with fewer pictures than train has folds by default; the same picture (size
/// and CRC-32) in two classes; a picture that is named again in a list. Folders are looked at only where they give
/// pictures their class. Empty for most datasets.
[[nodiscard]] std::vector<std::string> dataset_warnings(const Dataset& dataset);

}  // namespace vgg16
