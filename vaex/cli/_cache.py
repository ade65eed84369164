"""The persistent cache of compiled programs."""

from pathlib import Path

import jax


def use_compilation_cache() -> Path:
    """Keeps compiled programs between runs, unless JAX was told where already.

    Returns:
      The folder: JAX_COMPILATION_CACHE_DIR, else `jax` in the user's cache of vaex.
    """
    chosen = jax.config.values["jax_compilation_cache_dir"]
    if chosen:
        return Path(chosen)
    import pooch

    folder = Path(pooch.os_cache("vaex")) / "jax"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
    return folder
