"""Pictures of every kind and what Pillow makes of them, for image_pillow_test.cpp.

make_pictures.py pictures OUT      writes NAME.jpg or NAME.png, NAME.rgb (the pixels of convert("RGB")), NAME.224 (their
                                   nearest resize to 224 x 224) and index.txt: file name, width, height
make_pictures.py indices OUT       writes indices.bin: for each side 1..4000 the 224 source indices, int32
make_pictures.py checksums IN OUT  writes checksums.txt: for each JPEG or PNG below IN width, height, CRC-32 of its
                                   pixels and of their resize, path
make_pictures.py damaged OUT       writes NUMBER.jpg, damaged in a byte or two, and accepted.txt: which of them Pillow
                                   decodes, with the CRC-32 of the pixels
make_pictures.py damaged_pngs OUT [COUNT [SEED]]
                                   the same with NUMBER.png, whose chunks have right checksums

Needs Pillow alone. The same seed gives the same pictures.
"""

import io
import os
import random
import struct
import sys
import warnings
import zlib

from PIL import Image

warnings.simplefilter("ignore")
RNG = random.Random(7)
SIZES = [(1, 1), (1, 17), (19, 1), (2, 3), (8, 8), (33, 47), (250, 301), (225, 223)]


def photo(mode, size):
    """Smooth colours, an edge and some noise: what makes upsampling and rounding differ where they can."""
    width, height = size
    bands = len(Image.new(mode, (1, 1)).getbands())
    data = bytearray()
    for y in range(height):
        for x in range(width):
            for band in range(bands):
                value = x * (3 + band) + y * (5 - band) + (90 if (x // 5 + y // 7) % 2 else 0)
                data.append((value + RNG.randrange(24)) % 256)
    return Image.frombytes(mode, size, bytes(data))


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def ycck(data):
    """Says of a CMYK file that it is YCCK: the transform byte of the Adobe marker."""
    at = data.index(b"Adobe") + 11
    return data[:at] + b"\x02" + data[at + 1 :]


def tall_chroma(data):
    """Turns 4:2:2 into 4:4:0; in a square of 16 x 16 blocks the coded blocks stay as many."""
    at = data.index(b"\xff\xc0") + 11
    assert data[at] == 0x21
    return data[:at] + b"\x12" + data[at + 1 :]


def jpegs():
    for width, height in SIZES:
        size = (width, height)
        tail = f"{width}x{height}.jpg"
        yield f"grey_{tail}", jpeg(photo("L", size))
        colour = photo("RGB", size)
        for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
            yield f"{name}_{tail}", jpeg(colour, subsampling=subsampling, quality=80)
            yield f"progressive{name}_{tail}", jpeg(colour, subsampling=subsampling, progressive=True, quality=60)
        yield f"rgb_{tail}", jpeg(colour, keep_rgb=True)
        yield f"restart_{tail}", jpeg(colour, restart_marker_blocks=3)
        yield f"greyprogressive_{tail}", jpeg(photo("L", size), progressive=True)
        cmyk = jpeg(photo("CMYK", size), quality=90)
        yield f"cmyk_{tail}", cmyk
        yield f"ycck_{tail}", ycck(cmyk)
        yield f"trailing_{tail}", jpeg(colour) + b"appended by a camera"
    for side in (16, 96):
        yield f"440_{side}.jpg", tall_chroma(jpeg(photo("RGB", (side, side)), subsampling=1))
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "rotated.jpg", jpeg(photo("RGB", (40, 30)), exif=exif)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def raw_rows(width, height, bits, interlaced):
    """Any row of bytes behind any filter type is a valid row, so random bytes try every path of the decoder."""
    raw = bytearray()
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x0) // dx), -(-(height - y0) // dy)
        for _ in range(rows if columns > 0 else 0):
            raw.append(RNG.randrange(5))
            raw += RNG.randbytes((columns * bits + 7) // 8)
    return bytes(raw)


def random_png(width, height, depth, colour, interlaced, transparent):
    raw = raw_rows(width, height, depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour], interlaced)
    extra = b""
    if colour == 3:
        entries = RNG.randrange(1, 2**depth + 1)
        extra += chunk(b"PLTE", RNG.randbytes(3 * entries))
        if transparent:
            extra += chunk(b"tRNS", RNG.randbytes(entries))
    elif transparent:
        samples = 1 if colour == 0 else 3
        extra += chunk(b"tRNS", b"".join(struct.pack(">H", RNG.randrange(2**depth)) for _ in range(samples)))
    return png_of(width, height, depth, colour, interlaced, extra, zlib.compress(raw))


def png_of(width, height, depth, colour, interlaced, extra, packed):
    middle = len(packed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
        + extra
        + chunk(b"IDAT", packed[:middle])
        + chunk(b"IDAT", b"")
        + chunk(b"IDAT", packed[middle:])
        + chunk(b"tEXt", b"Comment\0after the data")
        + chunk(b"IEND", b"")
    )


def pngs():
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(3, d) for d in (1, 2, 4, 8)]
    kinds += [(c, d) for c in (2, 4, 6) for d in (8, 16)]
    for colour, depth in kinds:
        for width, height in SIZES:
            for interlaced in (0, 1):
                for transparent in (0, 1) if colour in (0, 2, 3) else (0,):
                    name = f"colour{colour}_depth{depth}_{width}x{height}_{interlaced}{transparent}.png"
                    yield name, random_png(width, height, depth, colour, interlaced, transparent)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        out = io.BytesIO()
        base = photo("RGB", (61, 45))
        image = base.convert("L").convert("I").point(lambda v: v * 257).convert(mode) if mode == "I;16" else base.convert(mode)
        image.save(out, "PNG")
        yield f"saved_{mode.replace(';', '')}.png", out.getvalue()


def as_rgb(image):
    """convert("RGB"), but of 16-bit grey the high byte: the one stated difference from Pillow, which clips it to 255."""
    if image.mode == "I;16":
        grey = image.tobytes()[1::2]
        return Image.merge("RGB", [Image.frombytes("L", image.size, grey)] * 3)
    return image.convert("RGB")


def nearest(image):
    return image.resize((224, 224), Image.Resampling.NEAREST).tobytes()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def write_pictures(out):
    lines = []
    for name, data in list(jpegs()) + list(pngs()):
        write(os.path.join(out, name), data)
        image = as_rgb(Image.open(io.BytesIO(data)))
        write(os.path.join(out, name + ".rgb"), image.tobytes())
        write(os.path.join(out, name + ".224"), nearest(image))
        lines.append(f"{name} {image.width} {image.height}\n")
    write(os.path.join(out, "index.txt"), "".join(lines).encode())


def write_indices(out):
    with open(os.path.join(out, "indices.bin"), "wb") as file:
        for side in range(1, 4001):
            row = Image.frombytes("I", (side, 1), struct.pack(f"={side}i", *range(side)))
            file.write(row.resize((224, 1), Image.Resampling.NEAREST).tobytes())


def write_checksums(folder, out):
    lines = []
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.lower().endswith((".jpg", ".jpeg", ".png")):
                continue
            path = os.path.join(where, name)
            image = as_rgb(Image.open(path))
            sums = zlib.crc32(image.tobytes()), zlib.crc32(nearest(image))
            lines.append(f"{image.width} {image.height} {sums[0]} {sums[1]} {path}\n")
    write(os.path.join(out, "checksums.txt"), "".join(lines).encode())


def as_pillow_reads(number, data):
    """A line of accepted.txt."""
    try:
        image = as_rgb(Image.open(io.BytesIO(data)))
        return f"{number} 1 {image.width} {image.height} {zlib.crc32(image.tobytes())}\n"
    except Exception:  # whatever it is, Pillow refuses the picture
        return f"{number} 0 0 0 0\n"


def write_damaged(out):
    lines = []
    colour = photo("RGB", (120, 90))
    originals = [jpeg(colour), jpeg(colour, progressive=True), jpeg(colour, restart_marker_blocks=5)]
    for number in range(900):
        data = bytearray(originals[number % 3])
        for _ in range(1 + number % 2):
            data[RNG.randrange(2, len(data) - 2)] = RNG.randrange(256)
        write(os.path.join(out, f"{number}.jpg"), bytes(data))
        lines.append(as_pillow_reads(number, bytes(data)))
    write(os.path.join(out, "accepted.txt"), "".join(lines).encode())


def damaged_rows(raw):
    """A change before compression: a byte (perhaps of a filter), missing or further bytes."""
    raw = bytearray(raw)
    change = RNG.randrange(4)
    if change == 0:
        raw[RNG.randrange(len(raw))] = RNG.randrange(256)
    elif change == 1:
        del raw[RNG.randrange(len(raw)) :]
    elif change == 2:
        raw += bytes(RNG.randrange(1, 70000))
    return bytes(raw)


def damaged_data(packed):
    """A change after it: a byte, of the checksum or any, missing or further bytes."""
    packed = bytearray(packed)
    change = RNG.randrange(6)
    if change == 0 and packed:
        packed[RNG.randrange(max(0, len(packed) - 4), len(packed))] ^= 1 << RNG.randrange(8)
    elif change == 1 and packed:
        packed[RNG.randrange(len(packed))] = RNG.randrange(256)
    elif change == 2:
        del packed[max(0, len(packed) - RNG.randrange(1, 9)) :]
    elif change == 3:
        del packed[RNG.randrange(len(packed)) :]
    elif change == 4:
        packed += RNG.randbytes(RNG.randrange(1, 20))
    return bytes(packed)


def write_damaged_pngs(out, count=2000, seed=7):
    RNG.seed(int(seed))
    lines = []
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(3, d) for d in (1, 2, 4, 8)]
    kinds += [(c, d) for c in (2, 4, 6) for d in (8, 16)]
    for number in range(int(count)):
        colour, depth = kinds[number % len(kinds)]
        width, height, interlaced = RNG.randrange(1, 40), RNG.randrange(1, 40), RNG.randrange(2)
        bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        raw = raw_rows(width, height, bits, interlaced)
        level = RNG.choice([0, 1, 6])  # 0: stored blocks
        packed = damaged_data(zlib.compress(damaged_rows(raw), level))
        if RNG.randrange(20) == 0:  # an impossible or another header
            depth, colour = RNG.choice([1, 2, 3, 4, 8, 16]), RNG.randrange(8)
        extra = chunk(b"PLTE", RNG.randbytes(3 * RNG.randrange(1, 257)))
        data = png_of(width, height, depth, colour, interlaced, extra if RNG.randrange(20) else b"", packed)
        write(os.path.join(out, f"{number}.png"), data)
        lines.append(as_pillow_reads(number, data))
    write(os.path.join(out, "accepted.txt"), "".join(lines).encode())


if __name__ == "__main__":
    {"pictures": write_pictures, "indices": write_indices, "checksums": write_checksums, "damaged": write_damaged,
     "damaged_pngs": write_damaged_pngs}[sys.argv[1]](
        *sys.argv[2:]
    )
