// vgg16 merge: makes one features file of the shards of an extraction.
#include <filesystem>
#include <memory>

#include "command.h"
#include "output.h"
#include "print.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vgg16/names.h"

namespace vgg16 {
namespace {

struct MergeOptions {
  Common common;
  std::string output;
  std::vector<std::string> parts;
  bool overwrite = false;
};

// The library checks the parts; this only parses and prints.
int merge(const MergeOptions& o) {
  require_output(o.output, o.parts, o.overwrite);
  const std::vector<std::filesystem::path> parts(o.parts.begin(), o.parts.end());
  const MergeResult result = merge_feature_files(parts, o.output, o.overwrite);
  print_skipped(result.skipped, o.common);
  if (o.common.json) {
    print_json({{"schema", 1},
                {"output", escape_name(o.output)},
                {"rows", result.rows},
                {"parts", parts.size()},
                {"skipped", skipped_json(result.skipped)}});
  } else {
    print_result(printable_path(o.output) + ": " + counted(result.rows, "row", "rows") + " of " +
                 counted(result.classes, "class", "classes") + ", from " +
                 counted(static_cast<int64_t>(parts.size()), "part", "parts"));
  }
  return kDone;
}

}  // namespace

Command add_merge(CLI::App& program) {
  auto o = std::make_shared<MergeOptions>();
  CLI::App* app = add_command(program, "merge", "Merge the parts of a sharded extraction into one file",
                              "vgg16 merge -o animals.h5 part-*.h5", o->common);
  app->add_option("-o,--output", o->output, "Features file to write")->required()->type_name("FILE");
  app->add_option("PART", o->parts, "Files written by extract --shard I/N, all N of them")->required()->type_name("");
  app->add_flag("--overwrite", o->overwrite, "Replace the output");
  return {app, [o] { return merge(*o); }};
}

}  // namespace vgg16
