"""ADBench's classical sets: the files of those that are known here."""

from vaex.data.remote_file import RemoteFile

_URL = "https://github.com/Minqi824/ADBench/raw/main/adbench/datasets/Classical/"

_DIGESTS = """
2_annthyroid.npz e738f7c58a8740d2c4aac4c71ff49ce5e1d1aa16f44178135fc9c09df05fad1b
4_breastw.npz 4f37ce07dbc25ddad8178fdc6d664ab46d2d0000ee28c2787c3c7ff3c03ef9f6
6_cardio.npz bc5009bde6930b4d298b594f31b34485a9a17210cff0e8fb00a8c3068b885a2d
7_Cardiotocography.npz 5ae84910430f05923e11b6f537243263977c9136949dabd891e3570aeec51e29
16_http.npz 9d98710091551587f4740cfc851a6b064fff6319a337c2dc77ee6da4bcc2e02c
18_Ionosphere.npz bca46cb0cfd1bf9ddef6cde5ad2215d54fb0189508d0d4c4eb98e788cad69001
20_letter.npz f986d3da80cf1fa2aea83a5ebe73b7d4800e0d4c01fdd1ae074b58d20f10d039
21_Lymphography.npz dad977b04f4ea65b78ccd0e9f76b45175bad605165b37e63f3cc177845e67037
23_mammography.npz a0308ac9712d78321073b1c2dc98dc37665c0f35c1cc33019416fe8f8d7de7ea
24_mnist.npz be7706272325fdd3592c1be555ae1a82f916a2f8545f4f8cbaa548ab102cc44c
26_optdigits.npz 60de17a375a278ba220a7849727d998aa02b5e2f9fd17732a004bba28de4656e
28_pendigits.npz c4936b89dcdad59d303020e492f763a0f54170080d787c77497609acbb9c2d79
29_Pima.npz 215454bb263a2f040945c9ea7bd7f06f1e89a61a3143bdb6f196e3887e801a7d
31_satimage-2.npz 1b056e357f801b8b20c3f380a30224a3c4088d7ed764ec5a24828dc9b1918d6f
32_shuttle.npz 26900b0f6be45d9ddb7a402c9b2f956ceda42d23a8ca4cf4406b8bc1352823d1
35_SpamBase.npz d0c46c7928e43f6496bcd06e09de0b70f6bc8143792dfa0a43f450263d254e9b
38_thyroid.npz 8de161b3f235b7647bb0b39a836d983ff61d67bf234edac461da2d71e889cb87
40_vowels.npz 4bfc4244d1c882773bbbc50d4a5db5e52276e53506e46b2d45e02d074cfcb1b6
42_WBC.npz 650f9dcb129248f67a291be0974f533ef259fcbde50fce5c8ad2a1cb2652d03b
45_wine.npz d5ad8965d92cc57122fe1e6572bb301adbaf795b3e166d187ae00a704d8f6e20
"""


def _name(file: str) -> str:
    return file.partition("_")[2].removesuffix(".npz").lower()


FILES = {
    _name(file): RemoteFile(f"adbench/{file}", (_URL + file,), digest)
    for file, digest in map(str.split, _DIGESTS.strip().splitlines())
}
"""Name in small letters ("optdigits") -> file."""
