"""The labels that a network is trained on: true, from a file, or partly drawn at random."""
import csv
import gzip
import io
import os

import numpy as np

import data


def randomise(label, fraction, classes, seed):
    """Labels of which exactly round(fraction N) were drawn uniformly, without looking, and which ones. A drawn label
    is the true one by chance once in `classes`. With one seed the samples of a smaller fraction are among those of a
    larger one and get the same labels, whatever the training's own seed."""
    rng = np.random.RandomState(seed)
    order, random = rng.permutation(len(label)), rng.randint(0, classes, len(label))
    drawn = np.zeros(len(label), bool)
    drawn[order[:round(fraction * len(label))]] = True
    return np.where(drawn, random, label), drawn


def _from_netcdf(path, variable):
    import netCDF4
    with netCDF4.Dataset(path) as nc:
        if variable not in nc.variables:
            raise ValueError(f"{path}: it has no variable {variable}")
        return np.asarray(nc[variable][:])


def _from_text(path, column):
    lines = data.read_bytes(path).decode().splitlines()
    if not column:
        return np.array([int(line) for line in lines if line.strip()])
    rows = list(csv.DictReader(lines))
    if not rows or column not in rows[0]:
        raise ValueError(f"{path}: it has no column {column}")
    return np.array([int(row[column]) for row in rows])


def from_file(source, data_path):
    """As in a grid's `labels:`: FILE.npy, FILE.csv:COLUMN, FILE.nc:VARIABLE, or :VARIABLE of the data file."""
    path, _, name = source.partition(":")
    path = path or data_path
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: no such label file")
    if path.endswith(".nc"):
        return _from_netcdf(path, name).astype(np.int64)
    if path.endswith(".npy"):
        return np.load(path).astype(np.int64)
    if "-idx1-" in path:
        return data.read_idx(path).astype(np.int64)
    return _from_text(path, name).astype(np.int64)


def _write(path, header, columns):
    """A CSV, gzipped, whole or not at all, with the same bytes every time."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(zip(*(np.asarray(column).tolist() for column in columns)))
    temporary = f"{path}.tmp{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(gzip.compress(text.getvalue().encode(), mtime=0))
    os.replace(temporary, path)


def write(stem, true, first, trained, drawn, poisoned):
    """STEM.labels.csv.gz (for a grid: FILE:label) has a row for every sample of the data files up to the last one that
    was trained on, since label i belongs to sample i. STEM.label_is_true.csv.gz (for `apex report --reference`) has 1
    where a training sample's label is the true one, else 0."""
    def whole(values, before):
        return np.concatenate([before, np.asarray(values, np.int64)])

    none, rows = np.zeros(first, np.int64), np.arange(first + len(trained))
    _write(stem + ".labels.csv.gz", ["index", "label", "true_label", "drawn", "poisoned"],
           [rows, whole(trained, true[:first]), true[:len(rows)], whole(drawn, none), whole(poisoned, none)])
    right = (trained == true[first:len(rows)]).astype(int)
    _write(stem + ".label_is_true.csv.gz", ["index", "value"], [rows[first:], right])
