// vgg16_bench: Google Benchmark's flags; --benchmark_filter=forward, --benchmark_format=json and so on.
#include <string>
#include <vector>

#include "bench/bench.h"
#include "kernels/amx_permission.h"
#include "kernels/instruction_set.h"
#include "kernels/parallel.h"
#include "vgg16/build_info.h"

int main(int argc, char** argv) {
  using namespace vgg16;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const BuildInfo info = build_info();
  benchmark::AddCustomContext("version", std::string(info.version));
  std::vector<std::string_view> sets = info.instruction_sets;
  if (runs_here(InstructionSet::kAmx) && request_amx().empty()) sets.push_back("amx");
  for (const std::string_view set : sets) {
    for (const int threads : {1, info.processors}) {
      const Peaks& peaks = machine_peaks(set, threads);
      benchmark::AddCustomContext("peak_" + std::string(set) + "_" + std::to_string(threads) + "_threads",
                                  std::to_string(static_cast<int>(peaks.gflops)) + " GFLOP/s, memory " +
                                      std::to_string(static_cast<int>(peaks.memory_gb_per_s)) + " GB/s");
    }
  }
  register_kernels();
  register_layers();
  register_amx_layers();
  register_forward();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
