// vgg16 convert: converts a weights file to safetensors.
#include <memory>
#include <span>

#include "command.h"
#include "output.h"
#include "print.h"
#include "values.h"
#include "vgg16/error.h"
#include "vgg16/names.h"
#include "vgg16/weights.h"

namespace vgg16 {
namespace {

struct ConvertOptions {
  Common common;
  std::string input;
  std::string output;
  std::string dtype = "f16";
  bool overwrite = false;
};

// Writes and then reads the file again, which checks it completely.
int convert(const ConvertOptions& o) {
  require_output(o.output, std::span(&o.input, 1), o.overwrite);
  const auto weights = Weights::load(o.input);
  weights->save(o.output, o.dtype == "f16" ? WeightsType::kF16 : WeightsType::kF32, {.overwrite = o.overwrite});
  const auto written = Weights::load(o.output);  // the digest of what was written, which rounding may have changed
  if (o.common.json) {
    print_json(
        {{"schema", 1}, {"output", escape_name(o.output)}, {"dtype", o.dtype}, {"weights_sha256", written->sha256()}});
  } else {
    print_result(printable_path(o.output) + ": 26 tensors, " + o.dtype + ", weights digest " + written->sha256());
  }
  return kDone;
}

}  // namespace

Command add_convert(CLI::App& program) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* app = add_command(program, "convert", "Convert a weights file to safetensors",
                              "vgg16 convert keras_weights.h5 vgg16.safetensors", o->common);
  app->add_option("WEIGHTS", o->input, "Weights file to read, Keras .h5 or safetensors")->required()->type_name("");
  app->add_option("FILE", o->output, "safetensors file to write")->required()->type_name("");
  choices(app->add_option("--dtype", o->dtype, "Type of the written numbers\nf16 is rounded to nearest even."),
          {"f16", "f32"})
      ->capture_default_str();
  app->add_flag("--overwrite", o->overwrite, "Replace the output");
  return {app, [o] { return convert(*o); }};
}

}  // namespace vgg16
