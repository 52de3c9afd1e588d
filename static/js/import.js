/* The mapping page: samples follow the chosen column, and what depends on a choice is drawn anew. No build, no inline code. */
"use strict";

(() => {
  const facts = () => JSON.parse(document.getElementById("import-profile")?.textContent || "{}");

  function showSamples(select) {
    const cell = select.closest("tr")?.querySelector("[data-samples]");
    if (cell) cell.textContent = (facts()[select.value]?.samples || []).join(" · ");
  }

  document.addEventListener("change", (event) => {
    const select = event.target;
    if (select.matches("#import-map [data-column], #import-map [data-look]")) showSamples(select);
    if (select.matches("#import-map [data-look]") && window.htmx) window.htmx.trigger("#import-map", "look");
  });

  /* With htmx the form follows by itself; without, the button stays. */
  function tidy() {
    if (window.htmx) document.querySelectorAll("[data-look-button]").forEach((button) => { button.hidden = true; });
  }
  tidy();
  document.addEventListener("htmx:load", tidy);
})();
