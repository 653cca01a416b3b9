"""One side of the bench of loaders: torchvision's ImageFolder or FFCV's own loader. Speaks the lines of JSON that
data-worker.ts explains; a step is an epoch.
"""

import json
import sys
import time


def torchvision_batches(order):
    import torch
    import torchvision
    from torchvision import transforms

    views = transforms.Compose(
        [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    )
    dataset = torchvision.datasets.ImageFolder(order["folder"] + "/train", views)
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_size=order["batch"],
        shuffle=True,
        drop_last=True,
        num_workers=order["workers"],
        persistent_workers=True,
    )
    return loader, f"torchvision {torchvision.__version__}, PyTorch {torch.__version__}"


def ffcv_batches(order):
    import importlib.metadata

    import torch
    from ffcv.fields.decoders import IntDecoder, RandomResizedCropRGBImageDecoder, SimpleRGBImageDecoder
    from ffcv.loader import Loader, OrderOption
    from ffcv.transforms import Convert, RandomHorizontalFlip, ToTensor, ToTorchImage

    if order["work"] == "jpg-224":
        image = [
            RandomResizedCropRGBImageDecoder((224, 224)),
            RandomHorizontalFlip(),
            ToTensor(),
            ToTorchImage(),
            Convert(torch.float32),
        ]
    else:
        image = [SimpleRGBImageDecoder(), ToTensor()]
    loader = Loader(
        order["beton"],
        batch_size=order["batch"],
        num_workers=order["workers"],
        order=OrderOption.RANDOM,
        os_cache=True,
        drop_last=True,
        pipelines={"image": image, "label": [IntDecoder(), ToTensor()]},
    )
    return loader, f"FFCV {importlib.metadata.version('ffcv')}, PyTorch {torch.__version__}"


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    order = json.loads(sys.argv[1])
    loader, version = (torchvision_batches if order["side"] == "torchvision" else ffcv_batches)(order)
    began = time.perf_counter()
    images, means = 0, []
    for batch, _ in loader:
        images += len(batch)
        means.append(batch.double().mean().item())
    first = 1000 * (time.perf_counter() - began)
    mean = sum(means) / len(means)
    # FFCV converts bytes to floats as they are.
    if order["side"] == "ffcv" and order["work"] == "jpg-224":
        mean /= 255
    say(version=version, firstMs=first, images=images, mean=mean)
    for line in sys.stdin:
        times = []
        for _ in range(json.loads(line)["run"]):
            start = time.perf_counter()
            for _ in loader:
                pass
            times.append(1000 * (time.perf_counter() - start))
        say(ms=times)


if __name__ == "__main__":
    main()
