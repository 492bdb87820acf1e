"""Preloaded into test workers: adds commands that misbehave in the ways that real workers do."""

import os
import signal
import threading
import time

from fixtures.errors import Unsupported
from fixtures.worker import serve

COMMANDS = (
    "hang", "die", "killed", "garbage", "chatter", "refuse", "crash", "echo", "nap", "not_a_number", "think",
    "fill", "exhaust",
)  # fmt: skip
serve.COMMANDS.update(dict.fromkeys(COMMANDS, __name__))


def hang(state):
    time.sleep(600)


def die(state):
    print("about to exit", flush=True)
    os._exit(3)


def killed(state):
    os.kill(os.getpid(), signal.SIGKILL)


def fill(state, megabytes):
    """Touches that much memory and is killed, as the kernel does it when there is no more."""
    state["kept"] = bytearray(megabytes * 2**20)
    os.kill(os.getpid(), signal.SIGKILL)


def exhaust(state, megabytes):
    """Asks for more than an address can name."""
    state["kept"] = bytearray(megabytes * 2**20)
    return {"never": len(bytearray(2**60))}


def garbage(state, descriptor_of="channel"):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"this is not the protocol\n")
        except OSError:
            continue


def chatter(state):
    print("a library greets you on stdout" * 1000)
    os.write(1, b"and another one without Python\n")
    return {"fine": True}


def refuse(state):
    raise Unsupported("this model has no Linear layer")


def crash(state):
    return {"value": 1 // 0}


def echo(state, value):
    state["say"]("working on it")
    return {"value": value, "pid": os.getpid(), "threads": threading.active_count()}


def nap(state, seconds):
    began = time.perf_counter_ns()
    time.sleep(seconds)
    return {"ns": time.perf_counter_ns() - began}


def not_a_number(state):
    return {"value": float("nan")}


def think(state):
    return {"environment": {name: os.environ.get(name) for name in ("GOMP_SPINCOUNT", "OMP_NUM_THREADS")}}
