#!/usr/bin/env bash
# Everything that needs a GPU, in one command of at most 9 minutes, without network:
#   bench/gpu.sh          runs the GPU's tests, compute-sanitizer on the kernels' tests, the benchmarks, PyTorch on the
#                         same shapes and a profile; prints a table in Markdown, which build/gpu/results/table.md keeps
#   bench/gpu.sh pack     builds the programs that the first needs into build/gpu/programs, so that they can be carried,
#                         with the rest of the clone, to a machine that has a GPU but not what building takes
# Without packed programs the first builds them. What cannot be run is left out, with the reason in the table.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
programs=$top/build/gpu/programs
results=$top/build/gpu/results

die() { printf 'bench/gpu.sh: %s\n' "$1" >&2; exit 1; }

pack() {
  local tree=$top/build/gpu/tree
  cmake -S "$top" -B "$tree" -DCMAKE_BUILD_TYPE=Release -DVGG16_CUDA=ON -DVGG16_TESTS=ON -DVGG16_BENCH=ON >&2 &&
    cmake --build "$tree" --target vgg16_gpu_programs --parallel "$(nproc)" >&2 &&
    rm -rf "$programs" && mkdir -p "$programs" && cp "$tree"/gpu/* "$programs" && strip "$programs"/* &&
    # The one shared library that is not part of every system.
    ldd "$programs/vgg16_cuda_bench" | awk '/libbenchmark/ { print $3 }' | xargs -r -I{} cp -L {} "$programs" &&
    du -sh "$programs" >&2
}

case "${1-run}" in
  pack) pack || die 'the programs could not be built'; exit ;;
  run) ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac

[ -x "$programs/vgg16_cuda_bench" ] || pack || die 'the programs could not be built'
rm -rf "$results"
mkdir -p "$results" || die "cannot write $results"
export VGG16_SOURCE_DIR=$top
python=$(command -v python3 || true)
# cuDNN is often PyTorch's own.
cudnn=$("${python:-false}" -c 'import nvidia.cudnn; print(list(nvidia.cudnn.__path__)[0])' 2>/dev/null)
export LD_LIBRARY_PATH=$programs${cudnn:+:$cudnn/lib}:/usr/local/cuda/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# step NAME SECONDS COMMAND...: runs it within its share of the time, keeps what it prints in NAME.log, and adds a line to
# steps.txt: name, status, seconds, remark.
step() {
  local name=$1 share=$2 left=$((535 - SECONDS)) begin=$SECONDS status=0
  shift 2
  [ "$share" -le "$left" ] || share=$left
  if [ "$share" -lt 5 ]; then
    note "$name" skipped 'no time was left'
    return
  fi
  printf '%s ...\n' "$name" >&2
  timeout --kill-after=5 "$share" "$@" >"$results/$name.log" 2>&1 || status=$?
  case $status in
    0) status=ok ;;
    124 | 137) status="out of time" ;;
    *) status="failed ($status)" ;;
  esac
  printf '%s\t%s\t%s\t%s\n' "$name" "$status" "$((SECONDS - begin))" \
    "$(grep -aE 'tests? ran|PASSED|FAILED|SKIPPED|ERROR SUMMARY|RACECHECK SUMMARY|^skipped' "$results/$name.log" |
      tail -n 3 | tr '\n' ' ')" >>"$results/steps.txt"
}
note() { printf '%s\t%s\t0\t%s\n' "$1" "$2" "$3" >>"$results/steps.txt"; }
with() { # with PROGRAM STEP...: the step if there is such a program
  local program=$1
  shift
  if [ -n "$program" ] && command -v "$program" >/dev/null; then step "$@"; else note "$1" skipped "there is no $program"; fi
}

reason=$("$programs/vgg16_cuda_bench" --benchmark_filter='^$' 2>&1 | grep -a '^skipped')
[ -z "$reason" ] || die "$reason"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm --format=csv,noheader \
  >"$results/device.txt" 2>&1
for program in "$programs"/*_test; do
  step "$(basename "$program")" 90 "$program" --gtest_brief=1
done
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
with "${sanitizer:-compute-sanitizer}" memcheck 80 "$sanitizer" --tool memcheck --error-exitcode 9 \
  "$programs/cuda_ops_test" --gtest_brief=1
with "${sanitizer:-compute-sanitizer}" racecheck 80 "$sanitizer" --tool racecheck --error-exitcode 9 \
  "$programs/cuda_ops_test" --gtest_brief=1 --gtest_filter='*Convolution*:*GlobalPools*'
bench() { # bench NAME SECONDS FILTER
  step "$1" "$2" "$programs/vgg16_cuda_bench" --benchmark_filter="$3" --benchmark_out="$results/$1.json" \
    --benchmark_out_format=json
}
bench forward 70 cuda/forward
with "$python" torch 100 "$python" "$top/bench/gpu_torch.py" "$results/torch.json"
bench kernels 30 'cuda/(copy|preprocess|bias_relu|maxpool|convert|global)'
for batch in 1 128 32; do
  bench "convolutions_$batch" 50 "cuda/conv3x3_.*/batch:$batch/"
done
once=(--benchmark_filter='cuda/forward/bf16/batch:(1|32)/' --benchmark_min_time=0.001)
if command -v nsys >/dev/null; then
  step profile 45 nsys profile --force-overwrite=true --cuda-graph-trace=node --stats=true -o "$results/profile" \
    "$programs/vgg16_cuda_bench" "${once[@]}"
else
  with ncu profile 45 ncu --clock-control none --csv --launch-count 80 --metrics \
    gpu__time_duration.sum,sm__throughput.avg.pct_of_peak_sustained_elapsed,dram__throughput.avg.pct_of_peak_sustained_elapsed \
    "$programs/vgg16_cuda_bench" "${once[@]}"
fi
[ -n "$python" ] || die "there is no python3 to write the table with; the figures are in $results"
"$python" "$top/bench/gpu_report.py" "$results" | tee "$results/table.md"
! grep -qE $'\t(failed|out of time)' "$results/steps.txt"
