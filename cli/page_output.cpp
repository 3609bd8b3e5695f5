#include "page_output.h"

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "output.h"
#include "print.h"
#include "progress.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"
#include "vgg16/names.h"
#include "vgg16/output.h"

namespace vgg16 {

namespace fs = std::filesystem;

void add_page_options(CLI::App& app, PageOutput& output) {
  CLI::Option* const report = app.add_option(
      "--report", output.file, "Page to write, HTML\nOne file: how good the model is, and the pictures it got wrong.");
  report->type_name("FILE");
  app.add_option("--images", output.images,
                 "Folders of the pictures, for --report\nWhere the paths in the features files lead; each picture is "
                 "shown from the first folder that has it unchanged. For a folder after -d, that one.")
      ->type_name("DIR")
      ->needs(report);
}

void require_page_output(const PageOutput& output, std::span<const std::string> inputs,
                         std::span<const std::string> outputs, bool replace) {
  if (output.file.empty()) return;
  require_output(output.file, inputs, replace);
  // Of a path that does not exist, weakly_canonical() leaves a relative one as it is.
  const auto whole = [](const std::string& path) { return fs::weakly_canonical(fs::absolute(path)); };
  for (const std::string& other : outputs) {
    require(whole(output.file) != whole(other), ErrorCode::kInvalidArgument,
            printable_path(output.file) + " is both the " + (&other == &outputs[0] ? "model" : "features file") +
                " and the page; choose another name for one of them");
  }
  for (const std::string& folder : output.images) {
    std::error_code unknown;
    require(fs::is_directory(folder, unknown), ErrorCode::kNotFound,
            "--images: there is no folder " + printable_path(folder));
  }
}

void require_no_picture(const PageOutput& output, const FeatureTable& table) {
  if (output.file.empty()) return;
  for (const std::string& folder : output.images) {
    std::vector<fs::path> pictures;
    for (const std::string& path : table.paths) pictures.push_back(fs::path(folder) / unescape_name(path));
    require_no_input({output.file}, pictures);
  }
}

void write_page(const PageOutput& output, const page::Training& training, int threads, bool replace,
                const Common& common) {
  if (output.file.empty()) return;
  page::Page page;
  {
    Progress progress("report", "pictures", common);
    page = page::make_page(training,
                           {.command = output.command,
                            .image_folders = {output.images.begin(), output.images.end()},
                            .threads = threads > 0 ? threads : build_info().processors},
                           [&](int64_t done, int64_t total) { progress.update(done, total); });
  }
  write_output(output.file, std::as_bytes(std::span(page.html)), {.overwrite = replace});
  if (page.missing > 0 && !output.images.empty()) {
    print_warning(
        counted(page.missing, "picture", "pictures") + " of " + std::to_string(page.pictures) +
            " for the page cannot be shown, or are not below --images as they were; the page says of each why",
        common);
  }
  if (!common.json) print_note("page saved: " + printable_path(output.file), common);
}

}  // namespace vgg16
