/*
 * The tree of the target grid: units fold, rows of a large company are fetched when their unit is unfolded, what is open is
 * remembered, and somebody is found by name. The rows themselves are those of static/js/grid.js.
 */
"use strict";

(() => {
  const grid = window.yearline?.grid;
  if (!grid) return;
  const { table, body, words, rows, draw } = grid;

  /* Folding hides rows and forgets nothing: what was typed is saved, and what needs attention stays in sight. */
  const isFolded = (button) => button.getAttribute("aria-expanded") === "false";
  const needsAttention = (row) => Boolean(row.failed || row.conflict || row.tr.querySelector("input[aria-invalid=true]"));
  const foldOf = (key) => rows.get(key)?.tr.querySelector("[data-fold]");
  const isDrawn = (key) => Boolean(body.querySelector(`tr[data-above$="${key}"]`));
  function showFolded() {
    const folded = new Set(Array.from(body.querySelectorAll("[data-fold]")).filter(isFolded).map((button) => button.closest("tr").id));
    Array.from(body.rows).filter((tr) => !tr.classList.contains("conflict-row")).forEach((tr) => {
      const row = rows.get(tr.id);
      tr.hidden = (tr.dataset.above || "").split(" ").some((key) => folded.has(key)) && !(row && needsAttention(row));
    });
  }
  /* Which units are open is kept in the address, and for the next visit in this browser. */
  const options = document.getElementById("grid-options");
  function remember() {
    if ("whole" in words) return;
    const open = Array.from(body.querySelectorAll("[data-fold]")).filter((button) => !isFolded(button)).map((button) => button.closest("tr").id);
    const address = new URL(window.location.href);
    address.searchParams.delete("unfold");
    options.querySelectorAll("[name=unfold]").forEach((field) => { if (field.type === "hidden") field.remove(); });
    (open.length ? open : ["none"]).forEach((key) => {
      address.searchParams.append("unfold", key);
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "unfold", value: key });
      options.append(field);
    });
    window.history.replaceState(null, "", address);
    try { window.localStorage.setItem(words.kept, open.join(" ")); } catch { /* a browser may keep nothing */ }
  }
  async function drawn(url, after) {
    const address = new URL(url, window.location.href);
    address.searchParams.set("unit", document.getElementById("grid-unit").value);
    const answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = JSON.parse(part.getElementById("part-facts").textContent).rows;
    after.after(...Array.from(part.querySelectorAll("tbody > tr")));
    draw(found);
  }
  async function unfold(button) {
    const { tr } = rows.get(button.closest("tr").id);
    if (!isDrawn(tr.id)) {
      button.setAttribute("aria-busy", "true");
      try {
        await drawn(button.dataset.fold, rows.get(tr.id).conflict || tr);
      } catch {
        window.yearline?.toast(words.notLoaded, { kind: "error" });
        return false;
      } finally {
        button.removeAttribute("aria-busy");
      }
    }
    button.setAttribute("aria-expanded", "true");
    showFolded();
    return true;
  }
  async function more(button) {
    const rest = button.closest("tr");
    try {
      await drawn(button.dataset.more, rest);
    } catch {
      window.yearline?.toast(words.notLoaded, { kind: "error" });
      return null;
    }
    const next = rest.nextElementSibling;
    rest.remove();
    return next;
  }
  async function turn(button, open) {
    if (open) { if (!await unfold(button)) return; } else { button.setAttribute("aria-expanded", "false"); showFolded(); }
    remember();
  }
  body.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-fold], [data-more]");
    if (!button) return;
    event.preventDefault();
    if (button.getAttribute("aria-busy")) return;
    if (button.matches("[data-fold]")) { await turn(button, isFolded(button)); return; }
    const next = await more(button);
    next?.querySelector("input.cell, button")?.focus();
  });
  body.addEventListener("keydown", async (event) => {
    const button = event.target.closest("[data-fold]");
    const open = { ArrowRight: true, ArrowLeft: false }[event.key];
    if (!button || open === undefined || isFolded(button) !== open || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    await turn(button, open);
  });

  /* Find: the way to the row is unfolded, and the row is where one goes on. */
  async function go(key, path) {
    for (const above of path) {
      const button = foldOf(above);
      if (!button || (isFolded(button) && !await unfold(button))) return;
      const next = path[path.indexOf(above) + 1] ?? key;
      let rest = body.querySelector(`.rest-row[data-above$="${above}"] [data-more]`);
      while (!rows.has(next) && rest) {
        await more(rest);
        rest = body.querySelector(`.rest-row[data-above$="${above}"] [data-more]`);
      }
    }
    const row = rows.get(key);
    if (!row) return;
    remember();
    body.querySelectorAll(".is-found").forEach((tr) => tr.classList.remove("is-found"));
    row.tr.classList.add("is-found");
    row.tr.scrollIntoView({ block: "center" });
    (row.tr.querySelector("input.cell, .fold, a") || table.parentElement).focus({ preventScroll: true });
  }
  const search = document.getElementById("grid-search");
  const results = document.getElementById("grid-found");
  results?.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.dataset.go, link.dataset.path.split(" ").filter(Boolean)).then(() => results.replaceChildren());
  });
  search?.addEventListener("submit", (event) => {
    const first = results.querySelector("[data-go]");
    if (!first) return;
    event.preventDefault();
    first.click();
  });
  search?.addEventListener("keydown", (event) => {
    const links = [search.querySelector("#grid-find"), ...results.querySelectorAll("a")];
    if (event.key === "Escape") results.replaceChildren();
    if (event.key === "ArrowDown" && links[1]) { event.preventDefault(); links[1].focus(); }
  });
  results?.addEventListener("keydown", (event) => {
    const links = [search.querySelector("#grid-find"), ...results.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = links[links.indexOf(document.activeElement) + (step ?? 0)];
    if (!step || !next) return;
    event.preventDefault();
    next.focus();
  });
  /* What was open at the last visit, unless the address says what is. */
  async function reopen() {
    if ("whole" in words || new URL(window.location.href).searchParams.has("unfold")) return;
    let kept = "";
    try { kept = window.localStorage.getItem(words.kept) || ""; } catch { /* nothing was kept */ }
    for (const key of kept.split(" ").filter(Boolean).slice(0, 30)) {
      const button = foldOf(key);
      if (button && isFolded(button)) await unfold(button); // one after another: a unit's button comes with the one above
    }
  }
  reopen();
})();
