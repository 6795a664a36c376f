"""What a resident does in a browser: the four pages of the form, one after the other, and pictures to send."""

import io
import re
import struct
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from complaints.models import Category

HOME = {"scope": "home"}
MATTER = {"summary": "厨房水管漏水", "description": "从昨晚开始", "visit": "today"}
CONTACT = {"room": "3-2-1201", "phone": "138 0000 1234", "name": "林晓梅"}


def begin(client, community):
    """Open a new form and return the address of its first page."""
    return client.get(reverse("complaints:public"), {"c": community.code}).url


def page(address, step):
    """The address of another page of the same form."""
    return re.sub(r"\d/$", f"{step}/", address)


def key_of(address):
    return address.split("/")[3]


def fill(client, community, *, category="indoor", scope="home", matter=MATTER, contact=CONTACT):
    """Answer pages 1 to 3 and return the address of the check page."""
    address = begin(client, community)
    chosen = Category.objects.get(community=community, code=category)
    answers = [{"scope": scope, "category": chosen.pk}, matter, contact]
    for step, words in enumerate(answers, start=1):
        response = client.post(page(address, step), words)
        assert response.status_code == 303, response.content.decode()
        assert response.url == page(address, step + 1)
    return page(address, 4)


def send(client, community, **facts):
    """Fill in a form, send it and return the address of its tracking page."""
    response = client.post(fill(client, community, **facts))
    assert response.status_code == 303
    return response.url


def picture(name="leak.jpg", *, size=(40, 30), kind="JPEG"):
    """A small real picture, as a phone sends one."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (180, 40, 40)).save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def bomb(width=20_000, height=20_000):
    """A PNG of a few hundred bytes whose header promises 400 megapixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width // 8 + 1) * 100), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
