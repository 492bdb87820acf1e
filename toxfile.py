"""tox plugin: `runner = shared_folder` lets environments with the same packages live in one folder, so that torch is installed once.

tox builds a folder anew when the environment that asks for it has another name than the one that made it
(`ToxEnv._setup_env`, https://tox.wiki/en/latest/plugins.html); what decides here is its packages, which tox compares after that.
"""

from __future__ import annotations

from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.python.virtual_env.runner import VirtualEnvRunner
from tox.tox_env.register import ToxEnvRegister


class SharedFolder(VirtualEnvRunner):
    """A virtual environment that takes over the folder of another one."""

    @staticmethod
    def id() -> str:
        return "shared_folder"

    def _setup_env(self) -> None:
        if self.env_dir.exists():
            with self.cache.compare({"name": self.conf.name, "type": type(self).__name__}, ToxEnv.__name__):
                pass  # leaving the block writes our name over the other one's
        super()._setup_env()


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    register.add_run_env(SharedFolder)
