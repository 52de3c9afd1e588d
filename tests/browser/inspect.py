"""What every page must be, asked of the page itself: accessible, within its width, in one language, without holes."""

import re

from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What another theme or width can change in a page that was asked everything before.
LOOKS = ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable", "aria-hidden-focus"]
# A figure that nobody formatted.
HOLE = re.compile(r"^None$|[·:¥$€(,/+–-] ?None\b|\bNone ?[·:%),/]|\b(NaN|undefined|Infinity|nan)\b|\[object Object\]")

_AXE = """
async ([type, values]) => {
  const result = await axe.run(document, { runOnly: { type, values }, resultTypes: ["violations"] });
  return result.violations.map((one) => `${one.id}: ` + one.nodes.slice(0, 4).map((node) =>
    `${node.target.join(" ")} (${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""})`).join(" | "));
}
"""
# Text, and the attributes that are read aloud. Code, keys and what is marked as another language stand apart.
_WORDS = """
() => {
  const apart = "script, style, noscript, code, kbd, [translate=no], [lang]:not(html)";
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.nodeValue.trim();
    if (text && !walker.currentNode.parentElement.closest(apart)) words.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
    if (element.closest(apart)) continue;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
      const text = (element.getAttribute(name) || "").trim();
      if (text) words.push(text);
    }
  }
  words.push(document.title);
  return words;
}
"""


def unaccessible(page: Page, axe: str, *, again: bool = False) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 A and AA; `again` asks only what theme and width can change."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe)
    found: list[str] = page.evaluate(_AXE, ["rule", LOOKS] if again else ["tag", TAGS])
    return [f"axe: {line}" for line in found]


def too_wide(page: Page) -> list[str]:
    """Return the elements that make a page scroll sideways."""
    wide: list[str] = page.evaluate(
        """() => {
          const limit = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= limit) return [];
          // What stands in a box that scrolls by itself is no offender; what is placed absolutely leaves that box.
          const clipped = (element) => {
            const absolute = getComputedStyle(element).position === "absolute";
            for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
              const style = getComputedStyle(up);
              if (style.overflowX !== "visible" && !(absolute && style.position === "static")) return true;
            }
            return false;
          };
          return Array.from(document.querySelectorAll("body *"))
            .filter((element) => element.getBoundingClientRect().right > limit + 1 && !clipped(element))
            .slice(0, 5)
            .map((element) => `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className}`);
        }"""
    )
    scrolls: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [f"wider than the screen: {', '.join(wide)}"] if scrolls else []


def words_of(page: Page) -> list[str]:
    """Return every text of a page as people see or hear it."""
    found: list[str] = page.evaluate(_WORDS)
    return found


def holes(words: list[str]) -> list[str]:
    return [f"a figure that nobody formatted: {text[:80]!r}" for text in words if HOLE.search(text)]


class Untranslated:
    """Finds English on a Chinese page: Latin words that are neither data nor names that stay as they are."""

    STAY = frozenset(
        [
            *(
                "Yearline",
                "API",
                "CSV",
                "SMART",
                "XLSX",
                "Excel",
                "UTC",
                "CNY",
                "USD",
                "EUR",
                "PDF",
                "TOTP",
                "OpenAPI",
                "English",
            ),
            *("REST", "JSON", "URL", "Asia", "Shanghai"),
        ]
    )
    _LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]{2,}")
    _ADDRESS = re.compile(
        r"\S+@\S+|https?://\S+|/\S+/|\b[a-z_]+\.[a-z_.]+\b|\b[a-z]+:(?:read|write)\b|\.(?:csv|xlsx|gz|json)\b"
    )

    def __init__(self, data: set[str]) -> None:
        """:param data: texts that people wrote, as they stand in the database"""
        self.data = sorted((text for text in data if text), key=len, reverse=True)

    def __call__(self, words: list[str]) -> list[str]:
        found = []
        for text in dict.fromkeys(words):
            rest = text
            for known in self.data:
                rest = rest.replace(known, " ")
            rest = self._ADDRESS.sub(" ", rest)
            left = [word for word in self._LATIN.findall(rest) if word not in self.STAY]
            if left:
                found.append(f"not Chinese: {text[:80]!r} ({', '.join(left[:3])})")
        return found


def summary(found: dict[str, list[str]]) -> str:
    """Return what was found, page by page, for the failure's message."""
    return "\n" + "\n".join(f"{where}\n  " + "\n  ".join(lines) for where, lines in sorted(found.items()) if lines)
