# SPDX-License-Identifier: Apache-2.0
"""A stranger's picture is opened here, in a process of its own, with little to break (B113 B123).

    python -I -m cairn_server.achievements.sandbox svg|png  <  upload  >  picture.png

The process has a few seconds, bounded memory, no environment and no open files. Whatever a decoder or the
SVG renderer is talked into, it is over soon and nothing was in reach. Exit code 1: not a picture.
"""

from __future__ import annotations

import io
import resource
import sys
from functools import lru_cache
from pathlib import Path

from PIL import Image

CPU_SECONDS = 4
MEMORY = 768 * 1024 * 1024
SIZE = 600  # pixels, both ways: what every page, mail and baked file uses
MAX_SIDE = 8_000
MAX_PIXELS = 25_000_000
FONTS = [str(path) for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf"))]


# Whoever designs a picture looks at it before saving it, and it takes a quarter of a second each time.
@lru_cache(maxsize=16)
def rasterise(svg: str, *, width: int = SIZE) -> bytes:
    """An SVG as PNG: bundled typefaces only, nothing from the machine, nothing from the network."""
    import resvg_py

    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=width,
        skip_system_fonts=True,
        font_files=FONTS,
        font_family="Source Sans 3",
        sans_serif_family="Source Sans 3",
        serif_family="Source Serif 4",
    )
    return bytes(png)


def framed(png: bytes) -> bytes:
    """The pixels alone, on a transparent square: no metadata, no second image, nothing after (B109 B111)."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        # The header is believed only as a reason to refuse: nothing has been inflated yet (B107).
        if max(opened.size) > MAX_SIDE or opened.width * opened.height > MAX_PIXELS:
            raise ValueError("too many pixels")
        pixels = opened.convert("RGBA")
    pixels.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    if max(pixels.size) < SIZE:  # a small picture is enlarged, so that every picture fills its place
        scale = SIZE / max(pixels.size)
        size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
        pixels = pixels.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    square.paste(pixels, ((SIZE - pixels.width) // 2, (SIZE - pixels.height) // 2))
    out = io.BytesIO()
    square.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a pipe has no size; no file can be written
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    upload = sys.stdin.buffer.read()
    try:
        png = rasterise(upload.decode()) if sys.argv[1] == "svg" else upload
        sys.stdout.buffer.write(framed(png))
    except (ValueError, OSError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        print(type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
