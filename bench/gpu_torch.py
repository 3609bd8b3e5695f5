"""PyTorch on the shapes of vgg16_cuda_bench, at its best: channels-last, cudnn.benchmark, CUDA graphs.

usage: gpu_torch.py OUT.json        (run by bench/gpu.sh)
Writes {"device", "versions", "matmul_tflops", "copy_gb_per_s", "forward": [...], "layers": [...]}; times in ms, medians.
"""
import json
import os
import statistics
import sys
import time

try:
    import torch
except ImportError as error:
    print(f'skipped: {error}')
    sys.exit(0)
if not torch.cuda.is_available():
    print('skipped: PyTorch sees no CUDA device')
    sys.exit(0)

torch.backends.cudnn.benchmark = True
CHANNELS = [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 'M', 512, 512, 512, 'M', 512, 512, 512, 'M']
NAMES = [f'block{block}_conv{i}' for block, count in ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3)) for i in range(1, count + 1)]
TYPES = {'f32': torch.float32, 'tf32': torch.float32, 'f16': torch.float16, 'bf16': torch.bfloat16}


def allow_tf32(precision):
    torch.backends.cudnn.allow_tf32 = precision == 'tf32'
    torch.backends.cuda.matmul.allow_tf32 = precision == 'tf32'


def graph_of(run, times=1):
    """`run`, `times` in a row, captured after enough calls for cudnn.benchmark to have chosen."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(times):
            out = run()
    return graph, out


def device_ms(run, launches, limit_s):
    """Median time on the device of one of `launches` calls in a row, behind one that keeps it busy meanwhile."""
    times = []
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start = time.perf_counter()
    while len(times) < 10 or time.perf_counter() - start < limit_s:
        run()
        begin.record()
        for _ in range(launches):
            run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / launches)
    return statistics.median(times)


def wall_ms(run, limit_s):
    times = []
    start = time.perf_counter()
    while len(times) < 10 or time.perf_counter() - start < limit_s:
        before = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - before))
    return statistics.median(times)


def network():
    torch.manual_seed(1)
    layers, channels = [], 3
    for c in CHANNELS:
        if c == 'M':
            layers.append(torch.nn.MaxPool2d(2))
        else:
            layers += [torch.nn.Conv2d(channels, c, 3, padding=1), torch.nn.ReLU(inplace=True)]
            channels = c
    return torch.nn.Sequential(*layers).eval()


@torch.inference_mode()
def forward(precision, batch):
    allow_tf32(precision)
    kind = TYPES[precision]
    net = network().to('cuda', kind, memory_format=torch.channels_last)
    mean = torch.tensor([103.939, 116.779, 123.68], device='cuda')
    pixels = torch.randint(0, 256, (batch, 224, 224, 3), dtype=torch.uint8).pin_memory()
    rows = torch.empty(batch, 25088).pin_memory()
    on_device = pixels.cuda()

    def normalise():
        return (on_device.flip(3).float() - mean).to(kind).permute(0, 3, 1, 2)  # channels-last as it stands

    whole, features = graph_of(lambda: net(normalise()).permute(0, 2, 3, 1).float().reshape(batch, -1))

    def host_to_host():
        on_device.copy_(pixels, non_blocking=True)
        whole.replay()
        rows.copy_(features, non_blocking=True)
        torch.cuda.synchronize()

    return {'precision': precision, 'batch': batch, 'device_ms': device_ms(whole.replay, 5, 0.4),
            'wall_ms': wall_ms(host_to_host, 0.5)}


@torch.inference_mode()
def layers(precision, batch):
    allow_tf32(precision)
    kind = TYPES[precision]
    side, channels, found, name = 224, 3, [], iter(NAMES)
    for i, c in enumerate(CHANNELS):
        if c == 'M':
            side //= 2
            continue
        pool = CHANNELS[i + 1] == 'M'
        conv = torch.nn.Conv2d(channels, c, 3, padding=1).to('cuda', kind, memory_format=torch.channels_last)
        x = torch.rand(batch, channels, side, side, device='cuda').to(kind, memory_format=torch.channels_last)

        def run():
            y = torch.relu_(conv(x))
            return torch.nn.functional.max_pool2d(y, 2) if pool else y

        graph, _ = graph_of(run, 10)
        found.append({'layer': next(name), 'precision': precision, 'batch': batch,
                      'device_ms': device_ms(graph.replay, 1, 0.03) / 10})
        channels = c
    return found


@torch.inference_mode()
def matmul_tflops():
    a, b = (torch.randn(8192, 8192, device='cuda', dtype=torch.bfloat16) for _ in range(2))
    return 2 * 8192 ** 3 / device_ms(lambda: a @ b, 3, 0.5) / 1e9


def copy_gb_per_s():
    a, b = (torch.empty(1 << 28, device='cuda') for _ in range(2))
    return 2 * 4 * (1 << 28) / device_ms(lambda: b.copy_(a), 3, 0.3) / 1e6


def main(path):
    start = time.perf_counter()
    result = {'device': torch.cuda.get_device_name(),
              'versions': f'PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}',
              'matmul_tflops': matmul_tflops(), 'copy_gb_per_s': copy_gb_per_s(), 'forward': [], 'layers': []}
    # What matters most first.
    plan = [(forward, 'bf16', 1), (forward, 'f16', 1), (forward, 'bf16', 128), (forward, 'f16', 128),
            (forward, 'bf16', 32), (forward, 'tf32', 32), (forward, 'f32', 32), (layers, 'bf16', 1),
            (layers, 'bf16', 128), (layers, 'bf16', 32), (forward, 'f16', 32), (forward, 'tf32', 1),
            (forward, 'f32', 1), (forward, 'tf32', 128), (layers, 'tf32', 32), (layers, 'tf32', 1),
            (layers, 'tf32', 128), (forward, 'f32', 128)]
    for measure, precision, batch in plan:
        try:
            got = measure(precision, batch)
        except Exception as error:  # no memory for this one, say: the others count without it
            print(f'{measure.__name__} {precision} {batch}: {error}', flush=True)
            continue
        result[measure.__name__] += got if isinstance(got, list) else [got]
        torch.cuda.empty_cache()
        with open(path + '.part', 'w') as file:  # after each, so that running out of time loses little
            json.dump(result, file, indent=1)
        os.replace(path + '.part', path)
        print(f'{measure.__name__} {precision} {batch} after {time.perf_counter() - start:.0f} s', flush=True)


if __name__ == '__main__':
    main(sys.argv[1])
