"""List or fetch data sets: vaex data list, vaex data fetch NAME."""

import argparse


def run(argv: list[str]) -> int:
    """Shows what is there, or downloads and verifies."""
    parser = argparse.ArgumentParser(prog="vaex data", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="every data set, and whether its files are here")
    fetch_parser = verbs.add_parser("fetch", help="download and verify one")
    fetch_parser.add_argument("name")
    options = parser.parse_args(argv)

    from vaex.data import catalogue, files

    print(f"data folder  {files.data_folder()}")
    if options.verb == "list":
        for name, source in catalogue.sources().items():
            print(f"{name:<16} {catalogue.status(source):<8} {source.about}")
        print("use one with vaex train data=NAME")
        return 0
    paths = catalogue.fetch(options.name)
    for path in paths:
        print(f"verified     {path}")
    if not paths:
        print(f"nothing to download for {options.name}")
    return 0
