"""The persistent cache of compiled programs."""

import hashlib
import os
import platform
from pathlib import Path

import jax


def use_compilation_cache() -> Path:
    """Keeps compiled programs between runs, unless JAX was told where already.

    Small ones too, unless JAX was told which: a start has some, and to read one takes
    less time than to compile it.

    Returns:
      The folder: JAX_COMPILATION_CACHE_DIR, else one for this kind of processor in
      the user's cache of vaex (programs for one processor can crash on another).
    """
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    chosen = jax.config.values["jax_compilation_cache_dir"]
    if chosen:
        return Path(chosen)
    import pooch

    folder = Path(pooch.os_cache("vaex")) / "jax" / _processor()
    jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def _processor() -> str:
    """Name of the instruction set, with a hash of its extensions where known."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    known = [line for line in lines if line.startswith(("flags", "Features"))][:1]
    digest = hashlib.sha256("".join(known).encode()).hexdigest()[:8]
    return f"{platform.machine()}-{digest}"
