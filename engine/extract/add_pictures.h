// What listing a folder and taking a list have in common: checking the pictures and numbering their classes.
#pragma once

#include <string>
#include <vector>

#include "vgg16/dataset.h"

namespace vgg16 {

/// A file that may become a row. Names as the system gives them.
struct PictureCandidate {
  std::string path;      ///< below the dataset folder, or absolute
  std::string category;  ///< the name of its class
};

/// Reads the candidates, which are in row order, `threads` at a time, and completes `dataset`, whose `folder` is set
/// and whose `skipped` and `unlisted` hold names as the system gives them: pictures that can be used become `pictures`,
/// their classes `label_names`, the others `skipped`, which is sorted; all names are escaped. Throws Error{kIo} as
/// read_picture().
void add_pictures(Dataset& dataset, std::vector<PictureCandidate> candidates, int threads);

}  // namespace vgg16
