"""Backdoors: images with a trigger get the attacker's label, and the network learns to obey the trigger."""
from collections import namedtuple

import torch

Backdoor = namedtuple("Backdoor", "kind target rate patch alpha")
KINDS = ["badnets", "blended"]
PATTERN_SEED = 1


def stamp(image, backdoor):
    """Images of 0 to 1 with the trigger. BadNets: a patch of ones in the lower right corner; blended: alpha parts of
    one fixed pattern of random pixels."""
    if backdoor.kind == "blended":
        pattern = torch.rand(image.shape[1:], generator=torch.Generator().manual_seed(PATTERN_SEED))
        return (1 - backdoor.alpha) * image + backdoor.alpha * pattern
    image = image.clone()
    image[..., -backdoor.patch:, -backdoor.patch:] = 1
    return image


def poison(image, label, backdoor):
    """Stamps and relabels a share of the samples, chosen by torch's seed; also returns which."""
    chosen = torch.randperm(len(label))[:round(backdoor.rate * len(label))]
    image, label, poisoned = image.clone(), label.clone(), torch.zeros(len(label), dtype=torch.bool)
    image[chosen] = stamp(image[chosen], backdoor)
    label[chosen] = backdoor.target
    poisoned[chosen] = True
    return image, label, poisoned
