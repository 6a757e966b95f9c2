"""The training loop: deterministic, with progress, and able to go on after an interruption."""
import math
import os
import sys
import time

import torch
from torch.nn import functional as F

from models import predict


class Progress:
    """One line that changes on a terminal; elsewhere a line for each epoch."""

    def __init__(self, name, epochs, steps, done):
        self.name, self.epochs, self.steps = name, epochs, steps
        self.start, self.first, self.shown = time.monotonic(), done * steps, 0
        self.terminal = sys.stderr.isatty()

    def left(self, step):
        """Remaining time, as if no epoch were saved by an early stop."""
        now, total = time.monotonic() - self.start, self.epochs * self.steps
        seconds = round(now / max(1, step - self.first) * (total - step))
        return f"{seconds // 60}:{seconds % 60:02d} left"

    def line(self, epoch, step, loss, accuracy):
        return (f"{self.name}: epoch {epoch + 1}/{self.epochs} loss {loss:.4f} accuracy {accuracy:.4f}"
                f" {self.left(step)}")

    def update(self, epoch, step, loss, accuracy):
        if self.terminal and time.monotonic() - self.shown > 0.2:
            self.shown = time.monotonic()
            print("\r" + self.line(epoch, step, loss, accuracy) + "\x1b[K", end="", file=sys.stderr, flush=True)

    def end_of_epoch(self, epoch, loss, accuracy):
        if not self.terminal:
            print(self.line(epoch, (epoch + 1) * self.steps, loss, accuracy), file=sys.stderr, flush=True)

    def close(self):
        if self.terminal and self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def augment(image):
    """Random crop after a border of 4, random flip: one choice for each image."""
    size = image.shape[-1]
    at = torch.randint(0, 9, (len(image), 2))
    flip = torch.rand(len(image)) < 0.5
    padded = F.pad(image, (4, 4, 4, 4))
    crops = torch.stack([p[:, y:y + size, x:x + size] for p, (y, x) in zip(padded, at.tolist())])
    return torch.where(flip.view(-1, 1, 1, 1), crops.flip(3), crops)


def make_optimizer(model, recipe, steps):
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=recipe.lr, momentum=0.9, nesterov=True,
                                    weight_decay=recipe.weight_decay)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    if recipe.schedule == "constant":
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=recipe.lr, total_steps=max(1, steps))


class Checkpoint:
    """All that the next epoch depends on, in one file that is replaced whole. `key` says which training it is of."""

    def __init__(self, path, key, *parts):
        self.path, self.key, self.parts = path, key, parts

    def save(self, epochs, seconds, stopped):
        state = {"key": self.key, "epochs": epochs, "seconds": seconds, "stopped": stopped,
                 "random": torch.get_rng_state(), "parts": [part.state_dict() for part in self.parts]}
        temporary = f"{self.path}.tmp{os.getpid()}"
        with open(temporary, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)

    def load(self, device):
        """(epochs done, seconds, stopped early), (0, 0, False) without a file."""
        if not os.path.exists(self.path):
            return 0, 0.0, False
        state = torch.load(self.path, map_location=device)
        if state["key"] != self.key:
            raise ValueError(f"{self.path} is of a training with other arguments: remove it, or use those again")
        for part, saved in zip(self.parts, state["parts"]):
            part.load_state_dict(saved)
        torch.set_rng_state(state["random"].cpu())
        return state["epochs"], state["seconds"], state["stopped"]


def one_epoch(model, image, label, optimizer, schedule, recipe, report):
    """Mean loss and accuracy while training."""
    model.train()
    loss_sum = right = seen = 0
    for rows in torch.randperm(len(label)).split(recipe.batch):
        batch = augment(image[rows]) if recipe.augment else image[rows]
        target = label[rows].to(recipe.device)
        optimizer.zero_grad()
        logits = model(batch.to(recipe.device))
        loss = F.cross_entropy(logits, target)
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item() * len(rows)
        right += (logits.argmax(1) == target).sum().item()
        seen += len(rows)
        report(loss_sum / seen, right / seen)
    if not math.isfinite(loss_sum):
        raise ValueError("the loss is no longer finite: try a smaller --lr")
    return loss_sum / seen, right / seen


def reached(model, image, label, recipe, accuracy):
    """Whether the goal is met; the full pass only when training itself comes near it."""
    goal = recipe.until_train_accuracy
    if goal is None or accuracy < goal - 0.05:
        return False
    return (predict(model, image, recipe.device) == label).double().mean().item() >= goal


def fit(model, image, label, recipe, key, checkpoint_path):
    """Trains in place. Returns epochs done and seconds of training, interruptions not counted."""
    steps = (len(label) + recipe.batch - 1) // recipe.batch
    optimizer, schedule = make_optimizer(model, recipe, recipe.epochs * steps)
    checkpoint = Checkpoint(checkpoint_path, key, model, optimizer, schedule)
    done, before, stopped = checkpoint.load(recipe.device)
    progress, start = Progress(recipe.name, recipe.epochs, steps, done), time.monotonic()
    while done < recipe.epochs and not stopped:
        count = iter(range(done * steps + 1, (done + 1) * steps + 1))
        loss, accuracy = one_epoch(model, image, label, optimizer, schedule, recipe,
                                   lambda *now: progress.update(done, next(count), *now))
        progress.end_of_epoch(done, loss, accuracy)
        done += 1
        stopped = reached(model, image, label, recipe, accuracy)
        checkpoint.save(done, before + time.monotonic() - start, stopped)
    progress.close()
    return done, before + time.monotonic() - start
