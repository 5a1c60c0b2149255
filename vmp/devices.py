"""Where training runs: on one device by itself, on several through Lightning Fabric, by the same few calls.

One device needs no Fabric, and is spared its import, which takes several seconds where torchmetrics is installed.
"""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class OneDevice:
    """One process on one device, with those methods of Fabric that training uses.

    Args:
        device: None takes the first GPU where there is one.
    """

    world_size = 1
    global_rank = 0
    is_global_zero = True

    def __init__(self, device: torch.device | str | None = None) -> None:
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if chosen.type == "cuda" and chosen.index is None:
            chosen = torch.device("cuda", torch.cuda.current_device())
        self.device = chosen

    def setup_module(self, module: nn.Module) -> nn.Module:
        """Move the module to the device, in place."""
        return module.to(self.device)

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients."""
        loss.backward()

    def no_backward_sync(self, module: nn.Module, enabled: bool = True) -> AbstractContextManager[None]:
        """Nothing: there is nobody to be in step with."""
        return contextlib.nullcontext()

    def all_reduce(self, data: Tensor, reduce_op: str = "sum") -> Tensor:
        """The tensor itself."""
        return data

    def barrier(self) -> None:
        """Nothing."""


Devices: TypeAlias = "OneDevice | Fabric"


def open_fabric(
    accelerator: str = "auto", devices: int | str = "auto", num_nodes: int = 1, strategy: str = "auto", **options: Any
) -> Fabric:
    """A launched Lightning Fabric: several processes, each with one device.

    Under ``torchrun`` or ``fabric run`` each process calls this; started as a plain script, Fabric starts the other
    processes itself. The precision is the recipe's, not Fabric's.

    Args:
        accelerator: "cpu", "cuda", "auto", ... as Fabric takes it.
        devices: of each node.
        num_nodes: machines.
        strategy: "ddp" for several devices; "auto" chooses.
        options: further arguments of Fabric.

    Raises:
        ValueError: Lightning Fabric is not installed.
    """
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise ValueError(
            "devices: expected Lightning Fabric for more than one device, which is not installed. "
            "Install lightning-fabric, or train on one device"
        ) from error
    fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=num_nodes, strategy=strategy, **options)
    fabric.launch()
    return fabric


def devices_of_launch() -> Devices:
    """What train and evaluation use when nothing is given: every process of a launcher, else one device."""
    world, local = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if world == 1:
        return OneDevice()
    return open_fabric(devices=local, num_nodes=world // local, strategy="ddp")


def checked(devices: Devices) -> Devices:
    """The same, when training can go on them.

    Raises:
        ValueError: another device than a CPU or a GPU; a Fabric with a precision of its own, or one that splits the
            model over devices.
    """
    if devices.device.type not in ("cpu", "cuda"):  # their generators and sums in float64 are what is tested
        raise ValueError(f"fabric: expected a CPU or CUDA, got {devices.device}")
    if isinstance(devices, OneDevice):
        return devices
    from lightning_fabric.strategies import DDPStrategy, SingleDeviceStrategy

    if not isinstance(devices.strategy, (DDPStrategy, SingleDeviceStrategy)):
        came = type(devices.strategy).__name__
        raise ValueError(f"fabric: expected one device or strategy 'ddp', a whole model in each process, got {came}")
    precision = devices.strategy.precision.precision
    if precision != "32-true":
        raise ValueError(f"fabric: expected precision '32-true', got {precision!r}. The recipe sets the precision")
    return devices
