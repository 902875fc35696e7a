"""python make.py [NAME...]: writes NAME.onnx and NAME.safetensors (in/, ct/, out/, grad/; computed in float64) beside this file. torch, onnx, onnxscript, safetensors."""
import copy
import sys
from pathlib import Path
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import save_file
from models import MODELS

HERE = Path(__file__).parent


def randomise(model):
    for parameter in model.parameters():
        scale = parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.2
        parameter.data += scale * torch.randn_like(parameter) - (parameter.data if parameter.dim() > 1 else 0)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval()


def export(model, how, opset, inputs, path, outputs):
    names = dict(input_names=list(inputs), output_names=outputs, opset_version=opset)
    if how == 'dynamo':
        torch.onnx.export(model, tuple(inputs.values()), dynamo=True, external_data=False, verbose=False, **names).save(path)
    else:
        torch.onnx.export(model, tuple(inputs.values()), path, dynamo=False, do_constant_folding=True, training=torch.onnx.TrainingMode.PRESERVE, **names)
    graph = onnx.load(path)
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ''
    for value in [*graph.graph.value_info, *graph.graph.input, *graph.graph.output, *graph.graph.initializer]:
        del value.metadata_props[:]
    del graph.graph.metadata_props[:], graph.metadata_props[:], graph.graph.value_info[:]
    onnx.save(graph, path)
    return graph


def gradients(graph, exact):
    """The gradient of each initializer that is a parameter, or one transposed, in the initializer's layout."""
    found = {}
    for tensor in graph.graph.initializer:
        value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        if value.dtype != torch.float32 or value.numel() < 2:
            continue
        for parameter in exact.parameters():
            views = [lambda x: x.reshape(value.shape)] + ([lambda x: x.T] if parameter.dim() == 2 else [])
            for view in views if parameter.numel() == value.numel() else []:
                if view(parameter.detach()).shape == value.shape and torch.equal(view(parameter.detach()).float(), value):
                    found[f'grad/{tensor.name}'] = view(parameter.grad).float().contiguous()
            if f'grad/{tensor.name}' in found:
                break
    return found


def make(name):
    torch.manual_seed(sum(map(ord, name)))
    model, how, opset, inputs = MODELS[name]()
    randomise(model)
    exact = copy.deepcopy(model).double()
    fed = {key: value.double().requires_grad_() if value.is_floating_point() else value for key, value in inputs.items()}
    results = exact(*fed.values())
    results = results if isinstance(results, tuple) else (results,)
    outputs = [f'out{i}' for i in range(len(results))]
    cotangents = [torch.randn(y.shape) for y in results]
    sum((y * ct).sum() for y, ct in zip(results, cotangents)).backward()
    graph = export(model, how, opset, inputs, HERE / f'{name}.onnx', outputs)
    tensors = {f'in/{key}': value for key, value in inputs.items()}
    tensors |= {f'ct/{key}': ct for key, ct in zip(outputs, cotangents)} | {f'out/{key}': y.detach().float().contiguous() for key, y in zip(outputs, results)}
    own = {f'grad/{key}': value.grad.float() for key, value in fed.items() if value.is_floating_point()}
    weights = gradients(graph, exact)
    save_file({key: value.contiguous().clone() for key, value in (tensors | own | weights).items()}, HERE / f'{name}.safetensors')
    size = sum((HERE / f'{name}{end}').stat().st_size for end in ('.onnx', '.safetensors'))
    print(f'{name}: {len(graph.graph.node)} nodes, {len(weights)} of {len(list(model.parameters()))} parameters, {size} bytes', flush=True)


for chosen in sys.argv[1:] or MODELS:
    try:
        make(chosen)
    except Exception as error:
        print(f'{chosen}: {type(error).__name__}: {str(error)[:500]}', flush=True)
