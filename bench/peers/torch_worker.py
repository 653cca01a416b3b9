"""One side of a comparison that runs in PyTorch. Speaks the lines of JSON that worker.ts explains.

The work comes as JSON in the first argument; the variant is `default`, `channels_last` or `compile` (channels_last and
torch.compile). Networks and loss are written as a PyTorch user would write them for speed.
"""

import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vision_transformer import VisionTransformer


def convnet(spec, channels):
    layers = []
    for width, stride in zip(spec["widths"], spec["strides"]):
        layers += [
            nn.Conv2d(channels, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def resnet(spec, channels):
    """torchvision's, with any number of stages and the two stems."""
    block = Bottleneck if spec["bottleneck"] else BasicBlock
    blocks, width = spec["blocks"], spec["width"]
    model = ResNet(block, (blocks + [1, 1, 1, 1])[:4])
    model.inplanes = width
    if spec["stem"] == "cifar":
        stem = [nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    else:
        stem = [nn.Conv2d(channels, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        stem.append(nn.MaxPool2d(3, 2, 1))
    stages = [
        model._make_layer(block, width * 2**i, count, stride=1 if i == 0 else 2)
        for i, count in enumerate(blocks)
    ]
    features = width * 2 ** (len(blocks) - 1) * block.expansion
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten()), features


def vgg11(spec, channels, side):
    """torchvision's vgg11_bn without its classifier; a pool is left out where nothing would be left of the image."""
    layers, width = [], spec["width"]
    for count, factor in zip([1, 1, 2, 2, 2], [1, 2, 4, 8, 8]):
        for _ in range(count):
            layers += [
                nn.Conv2d(channels, factor * width, 3, padding=1),
                nn.BatchNorm2d(factor * width),
                nn.ReLU(inplace=True),
            ]
            channels = factor * width
        if side >= 2:
            layers.append(nn.MaxPool2d(2, 2))
            side //= 2
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def vit(spec, side):
    """torchvision's without its classifier; the class token is the representation."""
    width = spec["width"]
    model = VisionTransformer(side, spec["patch"], spec["depth"], spec["heads"], width, 4 * width)
    model.heads = nn.Identity()
    return model, width


def encoder(spec, images):
    channels = images[3]
    if spec["name"] == "convnet":
        return convnet(spec, channels)
    if spec["name"] == "resnet":
        return resnet(spec, channels)
    if spec["name"] == "vgg11":
        return vgg11(spec, channels, images[1])
    if spec["name"] == "vit":
        return vit(spec, images[1])
    raise SystemExit(f"encoder {spec['name']}: this worker has none of that name")


def projector(spec, features):
    widths = [int(width) for width in spec.split("-")]
    layers = []
    for width in widths[:-1]:
        layers += [nn.Linear(features, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, widths[-1], bias=False))


def nt_xent(z, temperature):
    """Rows 0 … n − 1 and n … 2n − 1 are the two views of n images."""
    z = F.normalize(z, dim=1)
    count = z.shape[0]
    logits = z @ z.T / temperature
    logits = logits.masked_fill(torch.eye(count, dtype=torch.bool, device=z.device), float("-inf"))
    target = torch.arange(count, device=z.device).roll(count // 2)
    return F.cross_entropy(logits, target)


def pixels(images, channels_last):
    x = images.permute(0, 3, 1, 2).float().div_(255)
    return x if channels_last else x.contiguous()


def runner(order):
    work, recipe, variant = order["work"], order["recipe"], order["variant"]
    torch.manual_seed(1)
    torch.set_num_threads(order["threads"])
    channels_last = variant != "default"
    body, features = encoder(work["encoder"], work["images"])
    train = work["task"] == "train"
    model = nn.Sequential(body, projector(work["projector"], features)) if train else body
    model.train(train)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    generator = np.random.default_rng(2)
    images = torch.from_numpy(generator.integers(0, 256, work["images"], dtype=np.uint8))
    parameters = sum(p.numel() for p in model.parameters())

    if not train:
        forward = torch.compile(model) if variant == "compile" else model

        def infer():
            with torch.inference_mode():
                return forward(pixels(images, channels_last)).flatten()[0].item()

        return infer, parameters

    def loss_of(x):
        return nt_xent(model(x), recipe["temperature"])

    loss_fn = torch.compile(loss_of) if variant == "compile" else loss_of
    optimiser = torch.optim.SGD(model.parameters(), lr=recipe["lr"], momentum=recipe["momentum"])
    update = torch.compile(optimiser.step) if variant == "compile" else optimiser.step

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = loss_fn(pixels(images, channels_last))
        loss.backward()
        update()
        return loss.item()

    return step, parameters


def peak_mb():
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    order = json.loads(sys.argv[1])
    step, parameters = runner(order)
    idle = peak_mb()
    began = time.perf_counter()
    output = step()
    first = time.perf_counter() - began
    for _ in range(order["warmUp"] - 1):
        output = step()
    version = f"PyTorch {torch.__version__}"
    say(parameters=parameters, version=version, firstMs=1000 * first, idleMb=idle)
    for line in sys.stdin:
        times = []
        for _ in range(json.loads(line)["run"]):
            start = time.perf_counter()
            output = step()
            times.append(1000 * (time.perf_counter() - start))
        say(ms=times, output=output, peakMb=peak_mb())


if __name__ == "__main__":
    main()
