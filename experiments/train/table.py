#!/usr/bin/env python3
"""A table (Markdown) of trained networks, from the records beside them: table.py NAME.json..."""
import json
import sys


def share(value):
    return "" if value is None else f"{100 * value:.1f}"


def labels(record):
    if record["backdoor"]:
        return f"{record['backdoor']}, target {record['target']}, {share(record['poison_rate'])} % poisoned"
    if record["random_labels"]:
        return f"{share(record['random_labels'])} % random ({record['wrong_label_count']} wrong)"
    return "true" if record["epochs_done"] else "never trained"


def row(path):
    with open(path) as file:
        record = json.load(file)
    network = " ".join([record["arch"], record.get("layers") or f"width {record['width']}"])
    return [path.split("/")[-1][:-len(".json")], network, str(record["parameters"]), labels(record),
            f"{record['dataset']} {record['rows'][0]}:{record['rows'][1]}", str(record["epochs_done"]), str(record["seed"]),
            share(record["train_accuracy"]), share(record["test_accuracy"]), share(record["attack_success"]),
            f"{record['seconds']:.0f}"]


def main():
    head = ["network", "layers", "parameters", "labels", "trained on", "epochs", "seed", "train %", "test %", "attack %",
            "seconds"]
    for cells in [head, ["---"] * len(head), *map(row, sys.argv[1:])]:
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
