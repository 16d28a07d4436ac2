# SPDX-License-Identifier: Apache-2.0
"""``python -m prove.guided PARSER FOLDER SEED RUNS``: one parser under libFuzzer, by atheris.

Its imports are instrumented, which must happen before anything else of the library is imported; so this is a
program of its own, and not a function of ``prove.fuzz``.
"""

import signal
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

with atheris.instrument_imports(include=["cairn"]):
    from prove.fuzz import WORDS, hangs, wrong_with
    from prove.parsers import PARSERS


def main(name: str, folder: str, seed: str, runs: str) -> None:
    parser = next(each for each in PARSERS if each.name == name)
    corpus = Path(folder, "corpus")
    corpus.mkdir()
    for number, data in enumerate(parser.seeds):
        (corpus / str(number)).write_bytes(data)
    words = Path(folder, "words")
    escaped = ("".join(f"\\x{octet:02x}" for octet in word) for word in WORDS)
    words.write_text("".join(f'"{word}"\n' for word in escaped))

    signal.signal(signal.SIGPROF, hangs)

    def once(data: bytes) -> None:
        problem = wrong_with(parser, data)
        if problem is not None:
            raise AssertionError(problem)

    options = [
        f"-runs={runs}",
        f"-seed={seed}",
        f"-dict={words}",
        f"-artifact_prefix={folder}/",
        *("-max_len=8192", "-timeout=20", "-rss_limit_mb=1024", "-verbosity=0"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
