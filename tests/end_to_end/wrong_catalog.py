"""Methods, runtimes and a model that are wrong on purpose in the ways of published tables; and instruments with a known answer."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

from fixtures.artifact import open_artifact
from fixtures.errors import Unsupported
from fixtures.methods import original, pruning
from fixtures.models import torch_format
from fixtures.registry import DataSource, Method, Runtime, Step, Twin
from fixtures.runtimes import torch_runtime
from tests.end_to_end.catalog import MODELS as TINY

TORCH = torch_runtime.RUNTIMES[0]
ORIGINAL = original.METHODS[0]
PRUNE50 = next(method for method in pruning.METHODS if method.name == "prune50")
NAP_S = 0.05


class Wrapped:
    """A torch session with some of its behaviour replaced."""

    def __init__(self, session):
        self.session = session

    def __getattr__(self, name):
        return getattr(self.session, name)

    def facts(self):
        return {**self.session.facts(), "runtime": self.runtime}


def runtime(name, behaviour):
    def open_session(artifact, device, threads):
        session = behaviour(TORCH.open(artifact, device, threads))
        session.runtime = name
        return session

    return replace(TORCH, name=name, open=open_session)


class Napping(Wrapped):
    """A call takes NAP_S in all, whatever the model takes of it."""

    def run(self, prepared):
        end = time.perf_counter() + NAP_S
        output = self.session.run(prepared)
        time.sleep(max(0.0, end - time.perf_counter()))
        return output


class Hanging(Wrapped):
    def run(self, prepared):
        time.sleep(600)


class Killed(Wrapped):
    def run(self, prepared):
        os.kill(os.getpid(), signal.SIGKILL)


class Chatty(Wrapped):
    def run(self, prepared):
        print("a debug line of a library")
        return self.session.run(prepared)


class Nan(Wrapped):
    def to_numpy(self, output):
        return self.session.to_numpy(output) * float("nan")


class Elsewhere(Wrapped):
    """M25: the device column says one thing, the session another."""

    def facts(self):
        return {**super().facts(), "device": "cuda"}


class MoreThreads(Wrapped):
    """M33: computes with other threads than every other row."""

    def facts(self):
        return {**super().facts(), "threads": super().facts()["threads"] + 1}


def reload_original(artifact, device, threads):
    """M5: forgets the compressed artifact and opens the original, which lies in the same cache."""
    for other in artifact.path.parent.iterdir():
        found = open_artifact(other)
        if found.format == "torch" and len(found.lineage) == 1 and found.files[-1].bytes == artifact.files[-1].bytes:
            session = Wrapped(TORCH.open(found, device, threads))
            session.runtime = "reloading"
            return session
    raise Unsupported("no original beside the artifact")


def copy(context):
    torch_format.save_state(torch_format.read_state(context.source), context.source.path, context.output)
    return {}


def leave_masks(context):
    """M11: torch.nn.utils.prune without prune.remove."""
    from torch import nn
    from torch.nn.utils import prune

    module = torch_format.load_module(context.source)
    for layer in [layer for layer in module.modules() if isinstance(layer, nn.Linear)]:
        prune.l1_unstructured(layer, "weight", 0.5)
    torch_format.save_module(module, context.source.path, context.output)
    return {}


def copy_twice(context):
    """M10: the folder keeps a second copy of the weights."""
    copy(context)
    shutil.copyfile(context.output / "model.safetensors", context.output / "pytorch_copy.safetensors")
    return {}


def change_input(context):
    """M31: compresses what it was given in place."""
    path = context.source.path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    return copy(context)


def other_model(context):
    """M6: another model under the label."""
    import json

    import safetensors.torch
    import torch

    torch_format.copy_description(context.source.path, context.output)
    described = json.loads((context.output / "config.json").read_text())
    described["num_hidden_layers"] += 1
    (context.output / "config.json").write_text(json.dumps(described))
    torch.manual_seed(0)
    safetensors.torch.save_file(
        dict(torch_format.build_module(context.output).state_dict()), context.output / torch_format.WEIGHTS
    )
    return {}


def paths_in(value):
    """Every path that an object's attributes and containers hold; closures are not opened."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        yield from paths_in(tuple(value.values()))
    elif isinstance(value, tuple | list | set):
        for entry in value:
            yield from paths_in(entry)
    elif is_dataclass(value):
        yield from paths_in([getattr(value, entry.name) for entry in fields(value)])


def leads_to_test(path):
    """Whether the path lies in a data artifact (data.json and splits), or a test split lies somewhere under it."""
    mark = Path("test", "groups.npy")
    inside = any((folder / "data.json").exists() or (folder / mark).exists() for folder in (path, *path.parents))
    return inside or any(path.rglob(str(mark)))


def die_once(context):
    """Writes half of its files and is killed; the second time it finishes."""
    mark = context.output.parent / "died once"
    if not mark.exists():
        mark.touch()
        (context.output / "model.safetensors").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    return copy(context)


def read_test_split(context):
    """M30: looks for the test split wherever a path of the context leads."""
    found = list(paths_in(context))
    reached = [str(path) for path in found if leads_to_test(path)]
    raise Unsupported(
        f"test split reached from {reached} of {len(found)} paths; calibration: {sum(1 for _ in context.calibration(4))}"
    )


def no_check(source, result, params):
    return {}


def step(name, build, **more):
    return Step(name, ("torch",), "torch", build, no_check, **more)


def method(name, steps=(), runtime="torch", **claims):
    return Method(name, "wrong on purpose", tuple(steps), runtime, "tests", claims=claims)


RUNTIMES = [
    runtime("napping", Napping),
    runtime("hanging", Hanging),
    runtime("killed", Killed),
    runtime("chatty", Chatty),
    runtime("nan", Nan),
    runtime("elsewhere", Elsewhere),
    runtime("more-threads", MoreThreads),
    Runtime("reloading", TORCH.formats, reload_original, TORCH.preload),
]
METHODS = [
    method("again"),
    method("naps", runtime="napping"),
    method("hangs", runtime="hanging"),
    method("is-killed", runtime="killed"),
    method("chatters", runtime="chatty"),
    method("answers-nan", runtime="nan"),
    method("dies-once", [step("die", die_once)]),
    method("m05-reloads-original", PRUNE50.steps, "reloading", **PRUNE50.claims),
    method("m06-other-model", [step("other", other_model)]),
    method("m10-duplicates", [step("twice", copy_twice)]),
    method("m11-masks-left", [replace(PRUNE50.steps[0], name="masks", build=leave_masks)], zeros=0.5),
    method("m22-half-under-fp32", [step("same", copy)], weights="bfloat16"),
    method("m23-int8-that-did-nothing", [step("nothing", copy)], weights="int8"),
    method("m25-another-device", runtime="elsewhere"),
    method("m33-other-threads", runtime="more-threads"),
    method("m30-reads-test", [step("peek", read_test_split, calibration_samples=4)]),
    method("m31-in-place", [step("in-place", change_input)]),
    method(
        "too-much-calibration",
        [step("greedy", lambda context: list(context.calibration(10**6)) and {}, calibration_samples=10**6)],
    ),
]
MODELS = [
    *TINY,
    replace(TINY[1], name="tiny-gpt", source=Twin({**TINY[1].source.architecture, "library": "no-such-library"})),
    replace(TINY[1], name="tiny-nowhere", data=DataSource("file", "/nonexistent/labels.jsonl")),
]
