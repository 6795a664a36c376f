"""What residents and workers photograph, as simple drawings: nobody's home is shown."""

import io
import random

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from servicedesk.core import photos

SIZE = (1200, 900)
WALL, FLOOR, STEEL, WATER = "#e9e4d8", "#b9a98c", "#8b949e", "#4a8fc9"


class Album:
    """Photos of every subject, each stored anew when it is taken, as an upload would be."""

    def __init__(self):
        self._pictures, self._stored = {}, []

    def take(self, subject):
        """Return (Picture, stored name) of a subject."""
        if subject not in self._pictures:
            self._pictures[subject] = _draw(subject)
        picture = self._pictures[subject]
        self._stored.append(photos.store(picture))
        return picture, self._stored[-1]

    def burn(self):
        """Delete the files of a demo that was not loaded after all."""
        for name in self._stored:
            default_storage.delete(name)


def _draw(subject):
    image = Image.new("RGB", SIZE, WALL)
    SUBJECTS[subject](ImageDraw.Draw(image))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return photos.reencode(SimpleUploadedFile(f"{subject}.png", buffer.getvalue(), "image/png"))


def _pipe(draw, joint):
    draw.rectangle((0, 640, 1200, 900), fill=FLOOR)
    draw.rectangle((120, 120, 1080, 200), fill="#d8d0bf", outline="#8a8170", width=4)
    draw.line((600, 200, 600, 380), fill=STEEL, width=54)
    draw.arc((520, 330, 680, 520), 0, 180, fill=STEEL, width=54)
    draw.line((654, 420, 654, 330), fill=STEEL, width=54)
    draw.rectangle((560, 270, 640, 320), fill=joint, outline="#444c55", width=5)


def leaking_pipe(draw):
    _pipe(draw, "#a9762f")
    for x, y in [(570, 540), (602, 585), (588, 640), (612, 700), (596, 745)]:
        draw.ellipse((x - 9, y - 14, x + 9, y + 14), fill=WATER)
    draw.ellipse((420, 745, 790, 845), fill=WATER)


def mended_pipe(draw):
    _pipe(draw, "#2f7d4f")
    draw.rectangle((860, 660, 1010, 760), fill="#c0392b", outline="#7d241a", width=5)
    draw.arc((895, 615, 975, 700), 180, 360, fill="#7d241a", width=10)


def dark_corridor(draw):
    draw.rectangle((0, 0, 1200, 900), fill="#2b2f36")
    draw.polygon([(430, 300), (770, 300), (770, 640), (430, 640)], fill="#14161a")
    for corner, inner in [
        ((0, 0), (430, 300)),
        ((1200, 0), (770, 300)),
        ((0, 900), (430, 640)),
        ((1200, 900), (770, 640)),
    ]:
        draw.line((*corner, *inner), fill="#565d68", width=6)
    draw.ellipse((545, 60, 655, 130), fill="#6c6f75", outline="#9aa0a8", width=5)
    draw.line((560, 150, 640, 185), fill="#9aa0a8", width=6)


def lit_corridor(draw):
    draw.rectangle((0, 640, 1200, 900), fill=FLOOR)
    draw.polygon([(430, 300), (770, 300), (770, 640), (430, 640)], fill="#f6efd8")
    draw.ellipse((540, 50, 660, 140), fill="#ffe9a3", outline="#c9a93c", width=6)
    for end in [(380, 260), (600, 300), (820, 260)]:
        draw.line((600, 140, *end), fill="#f1cf5b", width=8)


def damp_wall(draw):
    draw.rectangle((0, 760, 1200, 900), fill=FLOOR)
    stain = random.Random(7)
    for _ in range(60):
        x, y, r = stain.randint(300, 900), stain.randint(60, 420), stain.randint(20, 90)
        draw.ellipse((x - r, y - r, x + r, y + r), fill="#cdbd94")
    for x in range(360, 880, 90):
        draw.line((x, 380, x + 14, 640), fill="#b8a678", width=10)


def rubbish(draw):
    draw.rectangle((0, 600, 1200, 900), fill="#7f8b76")
    draw.rectangle((420, 260, 780, 700), fill="#2f6f4e", outline="#1d4530", width=8)
    draw.rectangle((400, 220, 800, 280), fill="#25573e")
    for x, y, r, colour in [
        (330, 690, 90, "#20242a"),
        (870, 700, 110, "#31363e"),
        (600, 200, 95, "#20242a"),
        (980, 760, 70, "#d6cfc0"),
    ]:
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        draw.line((x - 12, y - r, x, y - r - 34, x + 12, y - r), fill="#9aa0a8", width=8)


def broken_tile(draw):
    for x in range(0, 1200, 300):
        for y in range(0, 900, 300):
            draw.rectangle((x, y, x + 300, y + 300), fill="#c9cdd1", outline="#8f969d", width=8)
    draw.line((320, 330, 410, 420, 390, 500, 480, 560, 590, 590), fill="#3b4148", width=12)
    draw.polygon([(410, 420), (520, 380), (560, 470), (480, 560)], fill="#8b7f6d")


def branch(draw):
    draw.rectangle((0, 0, 1200, 900), fill="#cfe3f2")
    draw.rectangle((640, 160, 1080, 760), fill="#f4f4f0", outline="#77808a", width=14)
    draw.line((860, 160, 860, 760), fill="#77808a", width=10)
    draw.line((0, 820, 420, 520, 900, 420), fill="#6b4a2b", width=46)
    leaves = random.Random(3)
    for _ in range(130):
        x, y, r = leaves.randint(250, 980), leaves.randint(280, 640), leaves.randint(18, 42)
        draw.ellipse((x - r, y - r // 2, x + r, y + r // 2), fill=leaves.choice(["#3f7d3a", "#5a9a4b", "#2f6330"]))


SUBJECTS = {
    draw.__name__: draw
    for draw in (leaking_pipe, mended_pipe, dark_corridor, lit_corridor, damp_wall, rubbish, broken_tile, branch)
}
