"""VGG16's convolution part in the engines that people could use instead; peers.py runs them in turns with ours.

Every engine gets the same weights and the same picture, which is ready before the clock starts (float32, BGR, mean
subtracted, channels first), and must leave its output in memory of its own.
"""
import ctypes
import os

import numpy as np

BLOCKS = (2, 2, 3, 3, 3)
LAYERS = [f'block{b}_{kind}' for b, count in enumerate(BLOCKS, 1)
          for kind in [f'conv{i}' for i in range(1, count + 1)] + ['pool']]
MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)


def load_weights(path):
    """{layer: (kernel OIHW, bias)}, float32, from Keras' .h5 or our safetensors."""
    if path.endswith('.safetensors'):
        from safetensors.numpy import load_file
        file = load_file(path)
        tensors = {name: (file[f'{name}/kernel'], file[f'{name}/bias']) for name in LAYERS if 'conv' in name}
    else:
        import h5py
        with h5py.File(path) as file:
            tensors = {name: [file[name][n.decode()][()] for n in file[name].attrs['weight_names']]
                       for name in LAYERS if 'conv' in name}
    return {name: (np.ascontiguousarray(kernel.astype(np.float32).transpose(3, 2, 0, 1)), bias.astype(np.float32))
            for name, (kernel, bias) in tensors.items()}


def pictures(count):
    """(count, 3, 224, 224) float32: the picture "waves" of tests/golden, over and over."""
    y, x, c = np.indices((224, 224, 3))
    rgb = ((x * (3 + c) + y * (5 - c) + ((x * y) >> (4 + c))) & 255).astype(np.float32)
    return np.repeat((rgb[..., ::-1] - MEAN_BGR).transpose(2, 0, 1)[None], count, axis=0)


def onnx_model(weights, path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    nodes, tensors, current = [], [], 'picture'
    for name in LAYERS:
        if 'pool' in name:
            nodes.append(helper.make_node('MaxPool', [current], [name], kernel_shape=[2, 2], strides=[2, 2]))
        else:
            kernel, bias = weights[name]
            tensors.append(numpy_helper.from_array(kernel, f'{name}/kernel'))
            tensors.append(numpy_helper.from_array(bias, f'{name}/bias'))
            nodes.append(helper.make_node('Conv', [current, f'{name}/kernel', f'{name}/bias'], [f'{name}/sum'],
                                          kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
            nodes.append(helper.make_node('Relu', [f'{name}/sum'], [name]))
        current = name
    graph = helper.make_graph(
        nodes, 'vgg16', [helper.make_tensor_value_info('picture', TensorProto.FLOAT, ['n', 3, 224, 224])],
        [helper.make_tensor_value_info(current, TensorProto.FLOAT, ['n', 512, 7, 7])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)])
    model.ir_version = 8
    onnx.save(model, path)


def ncnn_model(weights, param_path, bin_path):
    lines = ['Input picture 0 1 picture 0=224 1=224 2=3']
    current = 'picture'
    with open(bin_path, 'wb') as values:
        for name in LAYERS:
            if 'pool' in name:
                lines.append(f'Pooling {name} 1 1 {current} {name} 0=0 1=2 2=2')  # maximum, window 2, stride 2
            else:
                kernel, bias = weights[name]
                # outputs, window, padding, has a bias, number of weights, ReLU
                lines.append(f'Convolution {name} 1 1 {current} {name} '
                             f'0={len(bias)} 1=3 4=1 5=1 6={kernel.size} 9=1')
                values.write(bytes(4))  # the weights are stored as float32
                kernel.tofile(values)
                bias.tofile(values)
            current = name
    with open(param_path, 'w') as file:
        file.write('\n'.join(['7767517', f'{len(lines)} {len(lines)}', *lines]) + '\n')


def write_models(weights, folder):
    """The model files, made once: the engines read them as their users do."""
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(f'{folder}/ready'):
        onnx_model(weights, f'{folder}/vgg16.onnx')
        ncnn_model(weights, f'{folder}/vgg16.param', f'{folder}/vgg16.bin')
        open(f'{folder}/ready', 'w').close()


def hold_ncnn_to_avx2(ncnn):
    """Clears what ncnn believes about AVX-512 on this machine, before it chooses any kernel.

    ncnn has no switch for it, but keeps one int per instruction set, side by side, as CPUID's bits: ..., avx512_fp16,
    avx512_bf16, avx512_vnni, avx512, three kinds of avx_vnni, avx_vnni, avx2 (0x20), f16c (0x20000000), xop, fma4,
    fma (0x1000), avx (1). They are found by the values that a processor with AVX2 must have there; anything but
    exactly one such place is an error. Seen in ncnn 1.0.20261020.
    """
    if not ncnn.cpu_support_x86_avx2():  # this call also makes ncnn look at the processor
        raise RuntimeError('no AVX2 on this machine')
    ranges = []  # the library's writable memory: mappings of its file, and what follows each without a gap
    with open('/proc/self/maps') as maps:
        for fields in map(str.split, maps):
            start, end = (int(part, 16) for part in fields[0].split('-'))
            file = fields[5] if len(fields) > 5 else ''
            follows = ranges and ranges[-1][1] == start and not file
            if 'w' in fields[1] and ('/ncnn.cpython' in file or follows):
                if ranges and ranges[-1][1] == start:
                    ranges[-1][1] = end
                else:
                    ranges.append([start, end])
    found = []
    for start, end in ranges:
        values = np.ctypeslib.as_array((ctypes.c_int32 * ((end - start) // 4)).from_address(start))
        for i in np.flatnonzero(values[8:-5] == 0x20) + 8:
            if (values[i + 1], values[i + 4], values[i + 5]) == (0x20000000, 0x1000, 1):
                found.append(values[i - 8:i - 4])
    if len(found) != 1:
        raise RuntimeError(f"ncnn's list of instruction sets: found {len(found)} places, expected 1")
    if not found[0].any():
        raise RuntimeError('no AVX-512 on this machine: ncnn is held to AVX2 as it is')
    found[0][:] = 0


def ncnn_engine(folder, threads, batch, bf16=False, avx2=False):
    import ncnn
    if avx2:
        hold_ncnn_to_avx2(ncnn)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_bf16_storage = bf16
    net.opt.use_fp16_storage = net.opt.use_fp16_packed = net.opt.use_fp16_arithmetic = False
    net.load_param(f'{folder}/vgg16.param')
    net.load_model(f'{folder}/vgg16.bin')
    x = pictures(batch)
    inputs = [ncnn.Mat(picture) for picture in x]  # views: x must live as long

    def forward():
        outputs = []
        for picture in inputs:
            extractor = net.create_extractor()
            extractor.input('picture', picture)
            outputs.append(extractor.extract(LAYERS[-1])[1])
        return outputs
    return forward, lambda y: np.stack([np.array(m) for m in y]), x


def ort_engine(folder, threads, batch):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(f'{folder}/vgg16.onnx', options, providers=['CPUExecutionProvider'])
    x = pictures(batch)
    return lambda: session.run(None, {'picture': x})[0], np.asarray, x


def openvino_engine(folder, threads, batch, bf16=False):
    import openvino
    core = openvino.Core()
    model = core.read_model(f'{folder}/vgg16.onnx')
    model.reshape([batch, 3, 224, 224])
    request = core.compile_model(model, 'CPU', {
        'INFERENCE_NUM_THREADS': threads, 'NUM_STREAMS': 1, 'ENABLE_CPU_PINNING': False,
        'INFERENCE_PRECISION_HINT': 'bf16' if bf16 else 'f32'}).create_infer_request()
    x = pictures(batch)
    return lambda: request.infer({0: x}, share_inputs=True, share_outputs=True)[0], np.array, x


def mnn_engine(folder, threads, batch):
    import subprocess
    import sys

    import MNN
    if not os.path.exists(f'{folder}/vgg16.mnn'):
        subprocess.run([os.path.join(os.path.dirname(sys.executable), 'mnnconvert'), '-f', 'ONNX', '--bizCode', 'vgg16',
                        '--modelFile', f'{folder}/vgg16.onnx', '--MNNModel', f'{folder}/vgg16.mnn'],
                       check=True, stdout=subprocess.DEVNULL)
    interpreter = MNN.Interpreter(f'{folder}/vgg16.mnn')
    session = interpreter.createSession({'numThread': threads, 'precision': 'high', 'backend': 'CPU'})
    entry = interpreter.getSessionInput(session)
    interpreter.resizeTensor(entry, (batch, 3, 224, 224))
    interpreter.resizeSession(session)
    x, y = pictures(batch), np.zeros((batch, 512, 7, 7), np.float32)
    host_x = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, MNN.Tensor_DimensionType_Caffe)
    host_y = MNN.Tensor(y.shape, MNN.Halide_Type_Float, y, MNN.Tensor_DimensionType_Caffe)

    def forward():
        entry.copyFrom(host_x)
        interpreter.runSession(session)
        interpreter.getSessionOutput(session).copyToHostTensor(host_y)
        return host_y
    return forward, lambda out: np.array(out.getNumpyData()).reshape(y.shape), x


def torch_engine(weights, threads, batch, bf16=False):
    import torch
    torch.set_num_threads(threads)
    layers = []
    for name in LAYERS:
        if 'pool' in name:
            layers.append(torch.nn.MaxPool2d(2))
        else:
            kernel, bias = weights[name]
            convolution = torch.nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
            convolution.load_state_dict({'weight': torch.from_numpy(kernel), 'bias': torch.from_numpy(bias)})
            layers += [convolution, torch.nn.ReLU(inplace=True)]
    kind = torch.bfloat16 if bf16 else torch.float32
    net = torch.nn.Sequential(*layers).eval().to(dtype=kind, memory_format=torch.channels_last)
    x = torch.from_numpy(pictures(batch)).to(dtype=kind, memory_format=torch.channels_last)

    def forward():
        with torch.inference_mode():
            return net(x)
    return forward, lambda y: y.float().contiguous().numpy(), x


# name: (kind that it is compared within, maker). The sizes are threads and batch; a maker returns (forward, output as float32 (n, 512, 7, 7), input).
ENGINES = {
    'ncnn_f32': ('f32', lambda weights, folder, *sizes: ncnn_engine(folder, *sizes)),
    'mnn_f32': ('f32', lambda weights, folder, *sizes: mnn_engine(folder, *sizes)),
    'ort_f32': ('f32', lambda weights, folder, *sizes: ort_engine(folder, *sizes)),
    'openvino_f32': ('f32', lambda weights, folder, *sizes: openvino_engine(folder, *sizes)),
    'torch_f32': ('f32', lambda weights, folder, *sizes: torch_engine(weights, *sizes)),
    'ncnn_bf16': ('bf16', lambda weights, folder, *sizes: ncnn_engine(folder, *sizes, bf16=True)),
    'openvino_bf16': ('bf16', lambda weights, folder, *sizes: openvino_engine(folder, *sizes, bf16=True)),
    'torch_bf16': ('bf16', lambda weights, folder, *sizes: torch_engine(weights, *sizes, bf16=True)),
    'ncnn_f32_avx2': ('avx2', lambda weights, folder, *sizes: ncnn_engine(folder, *sizes, avx2=True)),
}
