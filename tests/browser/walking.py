"""What every walk through a browser does: going to pages, pressing keys and buttons, holding a picture out."""

import io
from datetime import timedelta

from PIL import Image


class Hands:
    """Counts keys and clicks."""

    def __init__(self, page):
        self.page, self.keys, self.clicks = page, 0, 0

    def press(self, key):
        self.keys += 1
        self.page.keyboard.press(key)

    def type(self, text):
        self.keys += len(text)
        self.page.keyboard.type(text)

    def compose(self, letters, text):
        """Type `letters` into the input method and take its first candidate, `text`, with the space bar."""
        self.keys += len(letters) + 1
        method = self.page.context.new_cdp_session(self.page)
        for end in range(1, len(letters) + 1):
            selection = {"selectionStart": end, "selectionEnd": end}
            method.send("Input.imeSetComposition", {"text": letters[:end], **selection})
        method.send("Input.insertText", {"text": text})

    def click(self, selector):
        self.clicks += 1
        self.page.locator(selector).first.click()


def go(page, site, address):
    return page.goto(site + address)


def photo(name, colour=(180, 40, 40)):
    """A small real picture, as a browser sends one."""
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(buffer, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def send(page, button="button.primary"):
    """Press a button of the form on the page and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(button).first.click()


def late_by(case, hours=1):
    return case.due_at + timedelta(hours=hours)
