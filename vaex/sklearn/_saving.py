"""Fitted estimators as JSON and safetensors: nothing that runs when it is read."""

import dataclasses
import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from vaex.errors import InputError
from vaex.io.atomic import write_json
from vaex.io.construction import locate

FORMAT, VERSION = "vaex estimator", 2
FACTS, TENSORS = "estimator.json", "model.safetensors"


def write(estimator: Any, folder: Path) -> Path:
    """Writes a fitted estimator, beside its place first; see `VAEEstimator.save`."""
    from safetensors.numpy import save

    if folder.exists():
        raise InputError(f"{folder} exists already; choose another place to save to")
    tensors: dict[str, np.ndarray] = {}
    parameters = estimator.get_params(deep=False)
    fitted = {k: v for k, v in vars(estimator).items() if k not in parameters}
    kind = type(estimator)
    found = {
        "format": FORMAT,
        "version": VERSION,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "parameters": {k: _packed(v, k, tensors) for k, v in parameters.items()},
        "fitted": {k: _packed(v, k, tensors) for k, v in fitted.items()},
    }
    content = save({k: np.array(v, order="C") for k, v in tensors.items()})
    found["tensors"] = hashlib.sha256(content).hexdigest()
    found["sha256"] = _sum(found)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        (temporary / TENSORS).write_bytes(content)
        write_json(temporary / FACTS, found)
        temporary.rename(folder)
    except OSError as error:
        raise InputError(
            f"cannot write {folder}: {error.strerror or error}; choose another place"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def read(folder: Path) -> Any:
    """The estimator, every byte of it checked.

    Raises:
      InputError: if the folder is no estimator, is damaged, or names what is not here.
    """
    from safetensors.numpy import load

    try:
        found = json.loads((folder / FACTS).read_text("utf-8"))
        content = (folder / TENSORS).read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} is no estimator that was saved whole: {error}; save it again"
        ) from error
    found = found if isinstance(found, dict) else {}
    expected = found.pop("sha256", None)
    whole = found.get("tensors") == hashlib.sha256(content).hexdigest()
    if expected != _sum(found) or not whole:
        raise InputError(f"the estimator {folder} is damaged; save it again")
    if found["version"] != VERSION:
        raise InputError(
            f"{folder} has format version {found['version']}, this vaex reads version "
            f"{VERSION}; fit and save it again"
        )
    tensors = load(content)
    kind = _class(found["class"])
    parameters = {k: _unpacked(v, tensors) for k, v in found["parameters"].items()}
    estimator = kind(**parameters)
    for name, value in found["fitted"].items():
        setattr(estimator, name, _unpacked(value, tensors))
    return estimator


def _sum(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _packed(value: Any, name: str, tensors: dict[str, np.ndarray]) -> Any:
    """A value in JSON, its arrays among the tensors."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufb":
        tensors[name] = value
        return {"tensor": name}

    def inside(items: Any) -> Any:
        return [_packed(v, f"{name}/{k}", tensors) for k, v in items]

    if isinstance(value, np.ndarray):
        kind = "object" if value.dtype == object else "str"
        return {"array": inside(enumerate(value.tolist())), "dtype": kind}
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        return {"keys": keys, "values": inside(zip(keys, value.values(), strict=True))}
    if hasattr(value, "_fields"):
        return _object(value, value._fields, inside)
    if isinstance(value, list | tuple):
        form = "list" if isinstance(value, list) else "tuple"
        return {form: inside(enumerate(value))}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.init]
        if "parent" in fields:  # a flax module
            fields = [field for field in fields if field not in ("parent", "name")]
        return _object(value, fields, inside)
    raise InputError(
        f"{name.split('/')[0]} holds {value!r} of {type(value).__name__}, which cannot "
        "be saved; give numbers, text, heads or scores"
    )


def _object(value: Any, fields: Any, inside: Any) -> Any:
    kind = type(value)
    parts = inside([(field, getattr(value, field)) for field in fields])
    path = f"{kind.__module__}.{kind.__qualname__}"
    return {"class": path, "keys": list(fields), "values": parts}


def _unpacked(value: Any, tensors: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tensor" in value:
        return tensors[value["tensor"]]
    for form in ("array", "list", "tuple", "values"):
        if form in value:
            items = [_unpacked(item, tensors) for item in value[form]]
            break
    else:
        raise InputError(f"{FACTS} holds {value!r}, which this vaex does not know")
    if "array" in value:
        return np.array(items, object if value["dtype"] == "object" else str)
    if "values" not in value:
        return items if "list" in value else tuple(items)
    found = dict(zip(value["keys"], items, strict=True))
    return _class(value["class"])(**found) if "class" in value else found


def _class(path: str) -> Any:
    """A class of values: nothing else is called."""
    found = locate(path, FACTS)
    is_plain = dataclasses.is_dataclass(found) or hasattr(found, "_fields")
    is_estimator = isinstance(found, type) and issubclass(found, BaseEstimator)
    if not isinstance(found, type) or not (is_plain or is_estimator):
        raise InputError(f"{FACTS} names {path}, which is no class of values")
    return found
