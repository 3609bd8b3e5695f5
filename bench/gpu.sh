#!/usr/bin/env bash
# Everything that needs a GPU, in one command of at most 9 minutes, without network:
#   bench/gpu.sh [run [FOLDER]]   runs the GPU's tests, the benchmarks with the engines of cuDNN's that a user gets and with
#                         those that are proposed for its table, PyTorch on the same shapes, compute-sanitizer on the
#                         kernels' tests and a profile; prints a page of Markdown. build/gpu/results keeps it as table.md,
#                         with the proposed lines (engines.txt) and all else. FOLDER gets these two and an archive of
#                         everything after every step, so that little is lost if the machine goes away
#   bench/gpu.sh pack [PICTURES]   builds the programs that the first needs into build/gpu/programs, so that they can be carried,
#                         with the rest of the clone, to a machine that has a GPU but not what building takes; with them
#                         up to 24 of the JPEG files in the folder PICTURES, to compare the GPU's features on
# VGG16_GPU_SECONDS and VGG16_GPU_STEPS, a regular expression, make a shorter run. Without packed programs the first builds
# them. What cannot be run is left out, with the reason on the page.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
programs=$top/build/gpu/programs
results=$top/build/gpu/results
budget=${VGG16_GPU_SECONDS:-525} # in all
wanted=${VGG16_GPU_STEPS:-.}     # a regular expression: the steps that are run

die() { printf 'bench/gpu.sh: %s\n' "$1" >&2; exit 1; }

pack() { # pack [PICTURES]
  local tree=$top/build/gpu/tree
  [ -z "${1-}" ] || [ -d "$1" ] || die "there is no folder $1"
  cmake -S "$top" -B "$tree" -DCMAKE_BUILD_TYPE=Release -DVGG16_CUDA=ON -DVGG16_TESTS=ON -DVGG16_BENCH=ON >&2 &&
    cmake --build "$tree" --target vgg16_gpu_programs --parallel "$(nproc)" >&2 &&
    rm -rf "$programs" && mkdir -p "$programs" && cp "$tree"/gpu/* "$programs" && strip "$programs"/* &&
    # The one shared library that is not part of every system.
    ldd "$programs/vgg16_cuda_bench" | awk '/libbenchmark/ { print $3 }' | xargs -r -I{} cp -L {} "$programs" &&
    if [ -n "${1-}" ]; then pack_pictures "$1"; fi &&
    du -sh "$programs" >&2
}
pack_pictures() {
  local files=() i
  mapfile -t files < <(find "$1" -type f \( -iname '*.jpg' -o -iname '*.jpeg' \) -size -200k | sort)
  [ "${#files[@]}" -gt 0 ] || die "there are no JPEG files in $1"
  mkdir -p "$programs/pictures" || return
  for ((i = 0; i < 24 && i < ${#files[@]}; ++i)); do # evenly, so that every class is there
    cp "${files[i * ${#files[@]} / (${#files[@]} < 24 ? ${#files[@]} : 24)]}" "$programs/pictures/$i.jpg" || return
  done
}

case "${1-run}" in
  pack) pack "${2-}" || die 'the programs could not be built'; exit ;;
  run) copies=${2-} ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac

chmod +x "$programs"/* 2>/dev/null # carrying may have lost it
[ -x "$programs/vgg16_cuda_bench" ] || pack || die 'the programs could not be built'
rm -rf "$results"
mkdir -p "$results" || die "cannot write $results"
[ -z "$copies" ] || mkdir -p "$copies" || die "cannot write $copies"
export VGG16_SOURCE_DIR=$top
[ ! -d "$programs/pictures" ] || export VGG16_PICTURES=$programs/pictures
python=$(command -v python3 || true)

# cuDNN, and NVRTC beside it, are often PyTorch's own; PyTorch itself finds them without help.
own_path=${LD_LIBRARY_PATH-}
packages=$("${python:-false}" -c 'import nvidia; print(*nvidia.__path__, sep="\n")' 2>/dev/null)
path=$programs
while IFS= read -r folder; do
  for library in "$folder"/cudnn/lib "$folder"/cu13/lib "$folder"/cuda_nvrtc/lib "$folder"/cublas/lib; do
    [ -n "$folder" ] && [ -d "$library" ] && path=$path:$library
  done
done <<<"$packages"
with_libraries=(env "LD_LIBRARY_PATH=$path${own_path:+:$own_path}:/usr/local/cuda/lib64:/usr/local/nvidia/lib64")

# What FOLDER is for.
keep_copies() {
  [ -n "$copies" ] || return 0
  tar -czf "$results.tar.gz" -C "$(dirname "$results")" "$(basename "$results")" 2>/dev/null &&
    mv "$results.tar.gz" "$copies/results.tar.gz"
  cp "$results"/table.md "$results"/engines.txt "$copies" 2>/dev/null || true
}
report() {
  [ -n "$python" ] && "$python" "$top/bench/gpu_report.py" "$results" >"$results/table.new" 2>"$results/report.log" &&
    mv "$results/table.new" "$results/table.md"
}

# step NAME SECONDS COMMAND...: runs it within its share of the time, keeps what it prints in NAME.log, and adds a line to
# steps.txt: name, status, seconds, remark.
step() {
  local name=$1 share=$2 left=$((budget - SECONDS)) begin=$SECONDS status=0
  shift 2
  [[ $name =~ $wanted ]] || return 0
  [ "$share" -le "$left" ] || share=$left
  if [ "$share" -lt 5 ]; then
    note "$name" skipped 'no time was left'
    return
  fi
  timeout --kill-after=5 "$share" "$@" >"$results/$name.log" 2>&1 </dev/null || status=$?
  case $status in
    0) status=ok ;;
    124 | 137) status="out of time" ;;
    *) status="failed ($status)" ;;
  esac
  printf '%-18s %-12s %3d s, %3d in all\n' "$name" "$status" "$((SECONDS - begin))" "$SECONDS" >&2
  case $status in failed*) tail -n 15 "$results/$name.log" | cut -c1-300 >&2 ;; esac
  printf '%s\t%s\t%s\t%s\n' "$name" "$status" "$((SECONDS - begin))" \
    "$(grep -aE 'tests? ran|PASSED|FAILED|SKIPPED|ERROR SUMMARY|RACECHECK SUMMARY|ERROR OCCURRED|^skipped|^agreement' \
      "$results/$name.log" | tail -n 6 | cut -c1-160 | tr '\n\t' ', ')" >>"$results/steps.txt"
  report
  keep_copies
}
note() { printf '%s\t%s\t0\t%s\n' "$1" "$2" "$3" >>"$results/steps.txt"; }
find_program() { # the first there is, by name or by path
  local candidate
  for candidate in "$@"; do
    candidate=$(command -v "$candidate" 2>/dev/null) && printf '%s' "$candidate" && return
  done
}
with() { # with PROGRAM-OR-"" WHAT STEP...: the step if there is such a program
  local program=$1 what=$2
  shift 2
  if [ -n "$program" ]; then step "$@"; else note "$1" skipped "there is no $what"; fi
}
bench() { # bench NAME SECONDS FILTER [VARIABLE=VALUE...]
  local name=$1 share=$2 filter=$3
  shift 3
  step "$name" "$share" "${with_libraries[@]}" "$@" "$programs/vgg16_cuda_bench" --benchmark_filter="$filter" \
    --benchmark_out="$results/$name.json" --benchmark_out_format=json
}

probe=$(timeout 60 "${with_libraries[@]}" "$programs/vgg16_cuda_bench" --benchmark_filter='^$' 2>&1) ||
  die "the benchmark cannot be run: $probe"
reason=$(grep -a '^skipped' <<<"$probe") && die "$reason"
printf '%s\n' "$probe" >&2
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm --format=csv,noheader \
  >"$results/device.txt" 2>&1
sanitizer=$(find_program compute-sanitizer /usr/local/cuda/bin/compute-sanitizer \
  /usr/local/cuda/compute-sanitizer/compute-sanitizer /opt/nvidia/*/compute-sanitizer /opt/nvidia/*/*/compute-sanitizer)
ncu=$(find_program ncu /usr/local/cuda/bin/ncu /opt/nvidia/nsight-compute/*/ncu)

# What matters most comes first. The shares are of the worst case, and add up to more than the budget.
for program in ops_gpu_test cuda_gpu_test; do
  step "$program" 80 "${with_libraries[@]}" "$programs/$program" --gtest_brief=1
done
bench forward 100 'cuda/(forward|two_lanes)'
with "$python" python3 torch 110 env LD_LIBRARY_PATH="$own_path" "$python" "$top/bench/gpu_torch.py" "$results/torch.json"
step propose 110 "${with_libraries[@]}" bash -c '"$1/vgg16_propose_engines" 95 >"$2/engines.txt"' - "$programs" "$results"
engines=(VGG16_ENGINES="$results/engines.txt")
if grep -qs '^{' "$results/engines.txt"; then
  bench forward_proposed 80 'cuda/(forward|two_lanes)' "${engines[@]}"
else
  note forward_proposed skipped 'no engine was proposed'
fi
with "$sanitizer" compute-sanitizer memcheck 60 "${with_libraries[@]}" "$sanitizer" --tool memcheck --error-exitcode 9 \
  "$programs/ops_gpu_test" --gtest_brief=1
with "$sanitizer" compute-sanitizer racecheck 50 "${with_libraries[@]}" "$sanitizer" --tool racecheck --error-exitcode 9 \
  "$programs/ops_gpu_test" --gtest_brief=1 --gtest_filter='*Conv3x3Mma*:*AdaptivePoolCuda*'
for batch in 1 128 32; do
  bench "convolutions_$batch" 35 "cuda/conv3x3_.*/batch:$batch/" "${engines[@]}"
done
bench chunks 20 cuda/chunks "${engines[@]}"
bench kernels 25 '-cuda/(forward|two_lanes|conv3x3|chunks)'
for batch in 1 128; do
  with "$ncu" ncu "profile_$batch" 30 "${with_libraries[@]}" "${engines[@]}" "$ncu" --clock-control none --csv \
    --launch-skip 13 --launch-count 40 --metrics \
    gpu__time_duration.sum,sm__throughput.avg.pct_of_peak_sustained_elapsed,dram__throughput.avg.pct_of_peak_sustained_elapsed \
    "$programs/vgg16_cuda_bench" --benchmark_filter="cuda/forward/bf16/batch:$batch/" --benchmark_min_time=0.001
done
report
keep_copies
[ -f "$results/table.md" ] || die "the page could not be written; the figures are in $results"
cat "$results/table.md"
! grep -qE $'\t(failed|out of time)' "$results/steps.txt"
