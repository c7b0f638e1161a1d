"""From the last key to the suggestion on the screen, with five operators who type at once in real browsers.

``python -m benchmarks.typing_speed`` prints the median and the 95th percentile in milliseconds.
"""

import asyncio
import random
import sys
from statistics import median, quantiles

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.hotline import read_tips, running_hotline
from service.store.vocabulary import Role
from tests.console import CHROMIUM, FLAGS, Console

_OPERATORS = 5
_TIPS_EACH = 6
_MOST_MS = 250
_PIECE = (1, 4)  # characters that an input method puts in at once
_PAUSE_S = (0.15, 0.5)  # between them

# In the page, so that what drives the browser is not measured: from the last input to the frame that shows its text.
_WATCH = """() => {
  const field = document.getElementById("text");
  let since = 0;
  field.addEventListener("input", () => (since = performance.now()));
  window.shown = new Map();
  new MutationObserver(() => {
    const text = document.getElementById("evidence")?.textContent;
    if (text === field.value) requestAnimationFrame(() => window.shown.set(text, performance.now() - since));
  }).observe(document.getElementById("answer"), { childList: true });
}"""


async def _operate(page: Page, tips: list[str], chance: random.Random) -> list[float]:
    """Type tips as an input method does; return the milliseconds that each suggestion took."""
    waits = []
    await page.evaluate(_WATCH)
    for tip in tips:
        await page.evaluate("() => { document.getElementById('text').value = ''; }")
        await page.focus("#text")
        place = 0
        while place < len(tip):
            n_chars = chance.randint(*_PIECE)
            await page.keyboard.insert_text(tip[place : place + n_chars])
            place += n_chars
            await asyncio.sleep(chance.uniform(*_PAUSE_S))
        handle = await page.wait_for_function("tip => window.shown.get(tip)", arg=tip)
        waits.append(float(await handle.json_value()))
    return waits


async def _measure(console: Console, browser: Browser, tips: list[str]) -> list[float]:
    pages = []
    for number in range(_OPERATORS):
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        await context.add_cookies([console.cookie_of(f"话务员{number}", Role.OPERATOR)])
        pages.append(await context.new_page())
        await pages[-1].goto(console.address)
    found = await asyncio.gather(
        *(_operate(page, tips[number::_OPERATORS], random.Random(number)) for number, page in enumerate(pages))
    )
    return [wait for waits in found for wait in waits]


async def _run(console: Console, tips: list[str]) -> list[float]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            return await _measure(console, browser, tips)
        finally:
            await browser.close()


def main() -> None:
    """Measure and print."""
    tips = [tip.text for tip in read_tips(_OPERATORS * _TIPS_EACH)]
    with running_hotline(0) as console:
        waits = asyncio.run(_run(console, tips))
    middle, slow = median(waits), quantiles(waits, n=20)[-1]
    verdict = "within" if middle <= _MOST_MS else "beyond"
    sys.stdout.write(
        f"{len(waits)} tips, {_OPERATORS} operators at once: median {middle:.0f} ms, 95% {slow:.0f} ms "
        f"from the last key to the suggestion on the screen; {verdict} {_MOST_MS} ms\n"
    )


if __name__ == "__main__":
    main()
