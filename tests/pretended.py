"""A device that is only pretended: mixtures with the CPU are found on a machine without a GPU.

Tensors stay on the CPU and keep their values, so that code which asks for values (how many cells are missing?) runs as
it does on a device; each is labelled with the device it would be on, and a call that mixes labels raises, as CUDA does.
"""

from unittest.mock import patch

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

INDEXING = (torch.Tensor.__getitem__, torch.Tensor.__setitem__, torch.Tensor.index_put, torch.Tensor.index_put_)
LABEL = "_pretended_device"


class MixedDevicesError(RuntimeError):
    """Tensors of two devices met in one call."""


def label(tensor):
    """Where a tensor pretends to be; None where that is not known (gradients that autograd hands over)."""
    return getattr(tensor, LABEL, None)


def copied(parameter, memo, deepcopy=torch.nn.Parameter.__deepcopy__):
    """A copy of a parameter, which torch makes where no mode looks on."""
    copy = deepcopy(parameter, memo)
    setattr(copy, LABEL, label(parameter))
    return copy


class PretendedDevice(TorchFunctionMode):
    """Inside it `device="cuda"` is understood, labels follow every call, and a mixture raises."""

    def __enter__(self):
        self.patch = patch.object(torch.nn.Parameter, "__deepcopy__", copied)
        self.patch.start()
        return super().__enter__()

    def __exit__(self, *error):
        self.patch.stop()
        return super().__exit__(*error)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, args = dict(kwargs or {}), list(args)
        if func == torch.Tensor.device.__get__:
            return torch.device(label(args[0]) or "cpu")
        if func == torch.Tensor.data.__set__:  # a module moves its parameters so
            setattr(args[0], LABEL, label(args[1]))
            return func(*args)
        wanted = self.take_device(func, args, kwargs)
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        if func is torch.Tensor.numpy and label(args[0]) == "cuda":
            raise MixedDevicesError("numpy() of a tensor on a device")
        found = self.common(func, tensors)
        result = func(*args, **kwargs)
        if wanted and args and result is args[0]:
            result = result.clone()  # a move makes another tensor
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                setattr(leaf, LABEL, wanted or found or (None if tensors else "cpu"))
        return result

    def take_device(self, func, args, kwargs):
        """The device that a call asks for, taken out of its arguments."""
        wanted = kwargs.pop("device", None)
        if func is torch.Tensor.cpu:
            return "cpu"
        if func is torch.Tensor.to:
            for place, value in enumerate(args[1:], 1):
                if isinstance(value, torch.Tensor):
                    args[place] = value.dtype
                    wanted = label(value)
                elif isinstance(value, (str, torch.device)):
                    wanted, args[place] = value, "cpu"
        return None if wanted is None else torch.device(wanted).type

    def common(self, func, tensors):
        """The one device of the arguments; a number (no dimensions) and an index may lie on the CPU."""
        if func is torch.Tensor.copy_:  # the one call that crosses
            return label(tensors[0])
        if func in INDEXING and tensors and label(tensors[0]) == "cuda":
            tensors = [tensor for tensor in tensors if tensor.dtype not in (torch.long, torch.bool)]
        labels = {label(tensor) for tensor in tensors if tensor.dim() > 0 or label(tensor) == "cuda"} - {None}
        if len(labels) > 1:
            raise MixedDevicesError(f"{getattr(func, '__name__', func)}: tensors on {' and '.join(sorted(labels))}")
        return labels.pop() if labels else None
