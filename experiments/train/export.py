"""ONNX with a record of how the network was made: in the file itself (metadata_props), as JSON beside it, and as lines
for a grid."""
import inspect
import io
import json
import os

import torch

import data


def onnx_bytes(model, shape):
    """Opset 13, any batch size, BatchNorm folded into the convolution before it."""
    newer = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    file = io.BytesIO()
    model.eval().cpu()
    torch.onnx.export(model, torch.zeros(1, *shape), file, opset_version=13, input_names=["image"],
                      output_names=["logits"], dynamic_axes={"image": {0: "N"}, "logits": {0: "N"}}, **newer)
    return file.getvalue()


def _varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def metadata(properties):
    """ModelProto.metadata_props (field 14: key 1, value 2) in protobuf's encoding, where appending is merging."""
    def field(number, content):
        return _varint(number << 3 | 2) + _varint(len(content)) + content

    return b"".join(field(14, field(1, key.encode()) + field(2, value.encode())) for key, value in properties.items())


def write(path, content):
    """Whole or not at all."""
    temporary = f"{path}.tmp{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_model(path, model, shape, record):
    """The ONNX file; with a record its entries are metadata of the model."""
    content = onnx_bytes(model, shape)
    if record is not None:
        content += metadata({f"apex.{key}": v if isinstance(v, str) else json.dumps(v) for key, v in record.items()
                             if key not in ("seconds", "command")})  # what is no property of the model
    write(path, content)


def write_record(path, record):
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
    write(path, f"{{\n{lines}\n}}\n".encode())


def grid_lines(record, name, files, folder, test):
    """What a grid's `data:` and `models:` need, paths relative to `folder`."""
    kind, dataset = data.KINDS[record["dataset"]], record["dataset"].replace("-", "_")
    images = [file for file in files if "-idx1-" not in file]
    here = [os.path.relpath(file, folder) for file in images]
    lines = ["data:", f"  {dataset}:", f"    path: {here[0] if len(here) == 1 else json.dumps(here)}"]
    if record["dataset"] == "cifar100":
        lines.append("    format: cifar100")
    labels = [f'true: "{os.path.relpath(file, folder)}"' for file in files if "-idx1-" in file]
    labels += [f'{name}: "{name}.labels.csv.gz:label"'] if record["label_file"] and not test else []
    lines += [f"    labels: {{{', '.join(labels)}}}"] if labels else []
    lines.append(f"    divide: {kind.divide}")
    lines += [f"    mean: {kind.mean}", f"    std: {kind.std}"] if kind.mean else []
    trained_on = name if record["label_file"] and not record["backdoor"] and not test else "true"
    return "\n".join(lines + ["models:", f"  {name}: {{path: {name}.onnx, data: {dataset}, labels: {trained_on}}}"])
