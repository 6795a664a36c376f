"""What is wrong with a page, as a reader, a screen reader or a narrow phone would find."""

import re

from axe_playwright_python.sync_playwright import Axe

AXE = Axe()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# Every text of a page outside of what people typed: words, and the attributes that are read aloud or shown.
TEXTS = """() => {
  const found = [];
  const ours = (el) => !el.closest("[data-user], script, style, template, noscript, kbd, code, svg:not([role=img])");
  const other = (el) => el.closest("[lang]") !== document.documentElement;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const el = walk.currentNode.parentElement;
    const text = walk.currentNode.textContent.trim();
    if (text && ours(el) && !other(el) && !el.closest("textarea")) found.push(text);
  }
  for (const name of ["aria-label", "title", "alt", "placeholder", "data-text", "data-autosave-text", "data-say"])
    for (const el of document.querySelectorAll(`[${name}]`))
      if (ours(el) && !other(el) && el.getAttribute(name)) found.push(el.getAttribute(name));
  return found;
}"""
# What stays as it is in Chinese: names of products, formats, keys and units.
LATIN = {
    *(
        "Servicedesk",
        "English",
        "EN",
        "Ctrl",
        "Enter",
        "Esc",
        "Tab",
        "Shift",
        "CSV",
        "Excel",
        "QR",
        "Alt",
        "EMS",
        "min",
        "max",
        "TOTP",
        "KB",
        "MB",
    ),
    *("JPEG", "PNG", "WebP", "HEIC", "WeCom", "DingTalk", "Feishu", "ID", "SHA", "PDF", "A4", "A5", "IP", "GPS"),
    *("JavaScript", "Chromium", "Chrome", "Firefox", "Safari", "Mac", "Windows", "Android", "Linux", "iPhone"),
}

# The browser reports an answer above 399 once more; the answer itself is looked at in `Watch._response`. htmx reports
# a request that a newer one replaced, as hx-sync asks it to; one that failed says htmx:sendError, too.
HARMLESS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")


class Watch:
    """Remembers what goes wrong while a page is open. `expect` a status, or a way to fail, that is meant."""

    def __init__(self, page):
        self._found = []
        self._refused = []
        self._expected = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._found.append(f"script: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def expect(self, *statuses):
        self._expected |= set(statuses)

    @property
    def wrong(self):
        """What went wrong so far, a line each."""
        refused = [f"{status} {url}" for status, url in self._refused if status not in self._expected]
        return self._found + refused

    def _console(self, message):
        if message.type in ("error", "warning") and not any(harmless in message.text for harmless in HARMLESS):
            self._found.append(f"console: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self._refused.append((response.status, response.url))

    def _failed(self, request):
        # A page that is left while it asks, and a download, break off on purpose.
        if request.failure != "net::ERR_ABORTED" and request.failure not in self._expected:
            self._found.append(f"{request.failure} {request.url}")


def violations(page, **options):
    """Return what axe finds, a line each: rule, then the first elements that break it."""
    run = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}, **options}
    found = AXE.run(page, options=run).response["violations"]
    return [f"axe {v['id']}: " + " | ".join(node["html"][:160] for node in v["nodes"][:3]) for v in found]


def violations_in_the_dark(page):
    """Return the contrasts that fail with the dark colours; nothing else of a page depends on them."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    found = violations(page, runOnly={"type": "rule", "values": ["color-contrast"]})
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    return [f"dark {line}" for line in found]


def too_wide(page, width):
    """Return what stands out of a screen of `width` pixels."""
    page.set_viewport_size({"width": width, "height": 740})
    needs = page.evaluate("document.documentElement.scrollWidth")
    if needs <= width:
        return []
    culprits = page.evaluate(
        """(width) => [...document.querySelectorAll("body *")]
          .filter((el) => el.getBoundingClientRect().right > width + 1 && !el.closest(".table-box, .vh"))
          .slice(0, 4).map((el) => el.outerHTML.slice(0, 120))""",
        width,
    )
    return [f"{needs} wide on {width}: {' | '.join(culprits)}"]


def bones(page, language):
    """Return what is wrong with the frame of a page: its language, its title, its one heading."""
    wrong = []
    if page.get_attribute("html", "lang") != language:
        wrong.append(f"lang is {page.get_attribute('html', 'lang')}")
    if not page.title().strip(" ·"):
        wrong.append("no title")
    if page.locator("h1").count() != 1 or not page.locator("h1").inner_text().strip():
        wrong.append(f"{page.locator('h1').count()} h1: {page.locator('h1').all_inner_texts()}")
    return wrong


def stray_chinese(page):
    """Return the Chinese of an English page that nobody typed."""
    return [f"Chinese: {text}" for text in page.evaluate(TEXTS) if HAN.search(text)]


def stray_english(page):
    """Return the words of a Chinese page that nobody translated."""
    return [f"English: {text}" for text in page.evaluate(TEXTS) if _english(text)]


def _english(text):
    text = re.sub(r"\S*[@/_{}=]\S*|\S*\d\S*", " ", text)
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in LATIN]
