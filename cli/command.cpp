#include "command.h"

#include "values.h"

namespace vgg16 {
namespace {

bool is_device(const std::string& text) {
  if (text == "auto" || text == "cpu" || text == "cuda") return true;
  if (!text.starts_with("cuda:")) return false;
  const auto index = parse_whole_number(text.substr(5));
  return index && *index >= 0 && *index < 1024;
}

}  // namespace

CLI::App* add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& example, Common& common) {
  CLI::App* app = program.add_subcommand(name, description);
  app->footer("Example:\n  " + example);
  app->add_flag("--json", common.json, "Results as JSON on standard output");
  app->add_flag("-q,--quiet", common.quiet,
                "No progress, few warnings\nOnly folders that were left out are still named.");
  app->add_flag("-v,--verbose", common.verbose, "More details\nOf a failure on a GPU also the call that failed.");
  app->add_flag("--no-progress", common.no_progress, "No progress");
  return app;
}

void add_format(CLI::App& app, Common& common, const std::string& csv) {
  const auto choose = [&common](const std::string& format) {
    common.json = format == "json";
    common.csv = format == "csv";
  };
  choices(app.add_option_function<std::string>("--format", choose, "How results are printed; json is --json\n" + csv),
          {"text", "csv", "json"})
      ->default_str("text")
      ->excludes(app.get_option("--json"));
}

void add_network_options(CLI::App& app, std::string& weights, ExtractorOptions& options) {
  app.add_option("--weights", weights,
                 "Weights of the network\nA Keras .h5 or a safetensors file. Without it, the one that $VGG16_WEIGHTS "
                 "names, else those built in.")
      ->type_name("FILE");
  app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N\nauto takes a GPU if one can be used.")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(expects("auto, cpu, cuda or cuda:N", is_device));
  choices(
      app.add_option("--precision", options.precision,
                     "Type of the multiplied numbers\nOn a CPU f32, or bf16, which is less exact, faster on Intel's "
                     "processors with AMX and on AMD's with AVX-512 BF16, and slower on others; on a GPU any."),
      {"f32", "tf32", "f16", "bf16"})
      ->capture_default_str();
  app.add_option("-b,--batch-size", options.batch_size, "Pictures per pass of the network, 1 to 1024")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(1, 1024));
}

void add_threads(CLI::App& app, ExtractorOptions& options) {
  app.add_option("--threads", options.threads,
                 "Threads; 0 is one per processor\nUp to 1024. In a container, 0 is within its quota.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(0, 1024));
}

CLI::Option* add_features_name(CLI::App& app, FeatureFileOptions& options) {
  return app.add_option("--features-name", options.features_name, "Dataset of an HDF5 file with the features")
      ->type_name("NAME")
      ->capture_default_str();
}

}  // namespace vgg16
