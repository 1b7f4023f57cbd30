"""The process that OpenTofu or Terraform starts."""

from __future__ import annotations

import os
import signal
import threading
import time

from tf.runner import run_provider

from gantry_provider.host import CHANGING
from gantry_provider.provider import GantryProvider


def end_with(parent: int) -> None:
    """End when whoever started this is gone, after what is being changed: nobody else would end it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    with CHANGING:
        os._exit(1)


if __name__ == "__main__":
    # Terraform may write for its owner alone; a machine's files are for the users in it.
    os.umask(0o022)
    # An interrupt of the keyboard is for Terraform, which lets the provider end what it has begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    run_provider(GantryProvider())
