"""KDD Cup 99: connections of a network, normal ones and attacks."""

import gzip
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vaex.data._split import checked_seed
from vaex.data.dataset import Dataset
from vaex.data.files import require
from vaex.data.remote_file import RemoteFile
from vaex.data.source import Source
from vaex.errors import InputError

CLASSES = ("normal", "DoS", "Probe", "R2L", "U2R")
"""What the labels 0 to 4 stand for."""

_ATTACKS = {
    "DoS": "back land neptune pod smurf teardrop",
    "Probe": "ipsweep nmap portsweep satan",
    "R2L": "ftp_write guess_passwd imap multihop phf spy warezclient warezmaster",
    "U2R": "buffer_overflow loadmodule perl rootkit",
}
_LABELS = {"normal": 0} | {
    attack: CLASSES.index(kind)
    for kind, attacks in _ATTACKS.items()
    for attack in attacks.split()
}
_FIELDS = (
    "duration protocol_type service flag src_bytes dst_bytes land wrong_fragment "
    "urgent hot num_failed_logins logged_in num_compromised root_shell su_attempted "
    "num_root num_file_creations num_shells num_access_files num_outbound_cmds "
    "is_host_login is_guest_login count srv_count serror_rate srv_serror_rate "
    "rerror_rate srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate "
    "dst_host_count dst_host_srv_count dst_host_same_srv_rate dst_host_diff_srv_rate "
    "dst_host_same_src_port_rate dst_host_srv_diff_host_rate dst_host_serror_rate "
    "dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate label"
).split()
_SYMBOLIC = ("protocol_type", "service", "flag")


@dataclass(frozen=True)
class KDDCup99(Source):
    """The 10 % file of KDD Cup 99: 494,021 connections, 118 columns.

    The three symbolic fields come as one column of 0 or 1 for each of their values, in
    alphabetical order behind the 38 numbers. Labels: 0 normal, 1 denial of service, 2
    probe, 3 remote to local, 4 user to root. A random share of the normal rows is the
    training split, all other rows are the test split. Most rows occur many times: test
    rows have twins in the training split.

    Attributes:
      train_fraction: of the normal rows, between 0 and 1.
      seed: of `RandomState(seed).permutation`.

    Source: Stolfo, Fan, Lee, Prodromidis, Chan, "KDD Cup 1999 Data", UCI Machine
      Learning Repository, 1999, https://doi.org/10.24432/C51C7N; the five classes:
      Tavallaee, Bagheri, Lu, Ghorbani, "A detailed analysis of the KDD CUP 99 data
      set", CISDA 2009.

    >>> KDDCup99(train_fraction=0.5).checksum() == KDDCup99().checksum()
    False
    """

    name: ClassVar[str] = "kddcup99"
    about: ClassVar[str] = "KDD Cup 99 connections, 118 columns, four kinds of attack"
    files: ClassVar[tuple[RemoteFile, ...]] = (
        RemoteFile(
            "kddcup99/kddcup.data_10_percent.gz",
            (
                "http://kdd.ics.uci.edu/databases/kddcup99/kddcup.data_10_percent.gz",
                "https://archive.ics.uci.edu/ml/machine-learning-databases/"
                "kddcup99-mld/kddcup.data_10_percent.gz",
            ),
            "8045aca0d84e70e622d1148d7df782496f6333bf6eb979a1b0837c42a9fd9561",
        ),
    )

    train_fraction: float = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        if not 0 < self.train_fraction < 1:
            raise InputError(
                "train_fraction must lie between 0 and 1, got "
                f"{self.train_fraction!r}; pass the share of normal rows to train on"
            )

    def load(self) -> Dataset:
        """Reads the file, spreads the symbols and splits the rows."""
        path = require(self.files[0])
        text = {*_SYMBOLIC, "label"}
        kinds = [(name, "U20" if name in text else np.float32) for name in _FIELDS]
        # Two of three lines are there before: each is read once.
        places: dict[str, int] = {}
        with gzip.open(path, "rt") as stream:
            twin = np.array([places.setdefault(line, len(places)) for line in stream])
        table = np.loadtxt(list(places), dtype=kinds, delimiter=",", comments=None)
        columns = [name for name in _FIELDS if name not in text]
        parts = [np.stack([table[name] for name in columns], 1)]
        for name in _SYMBOLIC:
            values, codes = np.unique(table[name], return_inverse=True)
            parts.append(np.eye(len(values), dtype=np.float32)[codes])
            columns += [f"{name}={value}" for value in values]
        x = np.concatenate(parts, 1)
        attacks, codes = np.unique(table["label"], return_inverse=True)
        label = np.array([_LABELS[name.rstrip(".")] for name in attacks])[codes]
        label = label.astype(np.int32)[twin]
        normal = np.flatnonzero(label == 0)
        order = np.random.RandomState(self.seed).permutation(len(normal))
        train = np.sort(normal[order[: round(self.train_fraction * len(normal))]])
        test = np.setdiff1d(np.arange(len(twin)), train)
        splits = {
            part: {"x": x[twin[rows]], "label": label[rows]}
            for part, rows in (("train", train), ("test", test))
        }
        return Dataset(self.name, splits, None, self.checksum(), tuple(columns))
