"""Photos are decoded and written anew: nothing but a picture is ever kept or served."""

import io
import struct
import time
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from PIL import Image

from servicedesk.core import photos


def upload(content, name="photo.jpg"):
    return SimpleUploadedFile(name, content, "image/jpeg")


def jpeg(size=(640, 480), **options):
    buffer = io.BytesIO()
    Image.new("RGB", size, "#4a8fc9").save(buffer, "JPEG", **options)
    return buffer.getvalue()


def bomb(width, height):
    """A PNG that says how large it is and holds nearly nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + b"\0" * 100,
        b"\xff\xd8\xff\xe0" + b"\0" * 200,
        b"%PDF-1.7 not a picture",
        b"#!/bin/sh\nrm -rf /\n",
        jpeg()[:400],
    ],
)
def test_what_is_no_picture_is_refused_by_name(content):
    with pytest.raises(ValidationError) as refused:
        photos.reencode(upload(content, "leak.jpg"))
    assert "leak.jpg" in refused.value.messages[0]


def test_a_tail_that_is_a_script_does_not_survive():
    tail = b"<script>alert(1)</script>PK\x03\x04"
    kept = photos.reencode(upload(jpeg() + tail)).content
    assert tail not in kept
    assert b"<script" not in kept


def test_where_and_with_what_it_was_taken_does_not_survive():
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    words = [b"SecretCamera", b"home address", b"<x:xmpmeta>31.2N"]
    sent = jpeg(exif=exif.tobytes(), comment=words[1], xmp=words[2])
    picture = photos.reencode(upload(sent))
    for word in words:
        assert word in sent
        assert word not in picture.content
    assert not Image.open(io.BytesIO(picture.content)).getexif()


def test_a_picture_that_lies_on_its_side_is_turned_before_the_note_about_it_goes():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = photos.reencode(upload(jpeg((640, 480), exif=exif.tobytes())))
    assert (picture.width, picture.height) == (480, 640)


@pytest.mark.parametrize("size", [(20_000, 20_000), (60_000, 60_000), (50_000, 1_001)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size):
    began = time.perf_counter()
    with pytest.raises(ValidationError) as refused:
        photos.reencode(upload(bomb(*size), "bomb.png"))
    assert time.perf_counter() - began < 0.5
    assert "bomb.png" in refused.value.messages[0]


def test_a_picture_that_holds_less_than_it_says_is_refused():
    with pytest.raises(ValidationError):
        photos.reencode(upload(bomb(3000, 3000), "hollow.png"))


def test_a_file_of_more_than_ten_megabytes_is_refused(settings):
    with pytest.raises(ValidationError) as refused:
        photos.reencode(upload(b"\0" * (settings.PHOTO_MAX_BYTES + 1), "big.jpg"))
    assert "big.jpg" in refused.value.messages[0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_a_jpeg_of_at_most_1600_pixels(mode):
    buffer = io.BytesIO()
    Image.new(mode, (2400, 300)).save(buffer, "PNG")
    picture = photos.reencode(upload(buffer.getvalue(), "any.png"))
    written = Image.open(io.BytesIO(picture.content))
    assert (written.format, written.mode, written.size) == ("JPEG", "RGB", (1600, 200))


def test_a_photo_is_served_as_a_picture_and_nothing_else():
    name = photos.store(photos.reencode(upload(jpeg())))
    answer = photos.serve(name)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    with pytest.raises(Http404):
        photos.serve("0" * 32 + ".jpg")
