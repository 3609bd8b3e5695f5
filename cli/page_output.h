// --report and --images of train: the options, the checks before the work, and writing the page at its end.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "command.h"
#include "page/page.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

struct PageOutput {
  std::string file;  ///< empty: no page
  std::vector<std::string> images;
  std::string command;  ///< the whole command line
};

void add_page_options(CLI::App& app, PageOutput& output);

/// As require_output(), if there is to be a page; it must not be one of the other `outputs`, the first of which is the
/// model, either. Throws Error{kNotFound} for a folder of images that does not exist.
void require_page_output(const PageOutput& output, std::span<const std::string> inputs,
                         std::span<const std::string> outputs, bool replace);

/// Throws Error{kInvalidArgument} if the page would take the place of one of the table's pictures.
void require_no_picture(const PageOutput& output, const FeatureTable& table);

/// Writes the page, if there is to be one, and says where.
void write_page(const PageOutput& output, const page::Training& training, int threads, bool replace,
                const Common& common);

}  // namespace vgg16
