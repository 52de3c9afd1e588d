/* The shell's behaviour: messages, menus, dialogs, the command palette, and what htmx's answers mean. No build, no inline code. */
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const toasts = $("#toasts");

  /* A message that says itself aloud. undo: called when the person takes it back. */
  function toast(text, { kind = "success", undo = null, seconds = 8 } = {}) {
    if (!toasts || !text) return null;
    const box = document.createElement("div");
    box.className = `yl-toast yl-toast-${kind}`;
    const words = document.createElement("p");
    words.textContent = text;
    box.append(words);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = toasts.dataset.undo;
      button.addEventListener("click", () => { box.remove(); undo(); });
      box.append(button);
    }
    toasts.append(box);
    dress(box, kind === "error" ? 0 : seconds);
    return box;
  }

  /* Every message can be closed; errors stay until they are. */
  function dress(box, seconds) {
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", toasts.dataset.close);
    close.addEventListener("click", () => box.remove());
    box.append(close);
    if (seconds) {
      let timer = setTimeout(() => box.remove(), seconds * 1000);
      box.addEventListener("pointerenter", () => clearTimeout(timer));
      box.addEventListener("focusin", () => clearTimeout(timer));
      box.addEventListener("pointerleave", () => { timer = setTimeout(() => box.remove(), 3000); });
    }
  }
  if (toasts) $$(".yl-toast", toasts).forEach((box) => dress(box, box.matches(".yl-toast-error") ? 0 : 8));

  /* htmx: a refusal's sentence becomes a message; a line at the top shows that something is under way. */
  document.addEventListener("htmx:beforeRequest", () => $("#progress-line")?.classList.add("busy"));
  document.addEventListener("htmx:afterRequest", () => $("#progress-line")?.classList.remove("busy"));
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText || "", "text/html");
    toast($("[data-refusal]", answer)?.textContent.trim() || toasts.dataset.failed, { kind: "error" });
  });
  document.addEventListener("htmx:sendError", () => toast(toasts.dataset.offline, { kind: "error" }));
  /* A view says it with the header HX-Trigger: {"toast": {"text": …, "kind": "success"}}. */
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.xhr?.status === 422) $("[data-focus]", event.detail.target)?.focus();
  });
  $("main [data-focus]")?.focus();

  /* Menus made of <details>: Escape and a click elsewhere close them. */
  document.addEventListener("click", (event) => {
    $$("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) document.getElementById(opener.dataset.dialogOpen)?.showModal();
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog").close();
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details[data-menu][open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  });

  /* A table that scrolls sideways can be scrolled with the keyboard: seen anew whenever it or its box changes size. */
  function reach(box) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls && !box.hasAttribute("tabindex")) { box.tabIndex = 0; box.dataset.reached = ""; }
    if (!scrolls && "reached" in box.dataset) { box.removeAttribute("tabindex"); delete box.dataset.reached; }
  }
  const sizes = new ResizeObserver((entries) => {
    new Set(entries.map((entry) => entry.target.closest(".table-responsive"))).forEach((box) => { if (box) reach(box); });
  });
  function watchTables() {
    $$(".table-responsive").forEach((box) => [box, ...box.children].forEach((part) => sizes.observe(part)));
  }
  watchTables();
  document.addEventListener("htmx:load", watchTables);

  /* A slider writes its per cent beside itself: <output data-range-of="id of the slider">. */
  document.addEventListener("input", (event) => {
    const output = event.target.matches("[type=range]") && $(`[data-range-of="${event.target.id}"]`);
    if (output) output.textContent = `${event.target.value}%`;
  });

  /* A select that sends its form at once: <select data-submit>. */
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  /* Leaving a changed form asks first: <form data-guard>. */
  let unsaved = false;
  document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) unsaved = true; });
  document.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  /* The demo company's sign-in: one press fills in the form and sends it. */
  document.addEventListener("click", (event) => {
    const person = event.target.closest("[data-demo]");
    if (!person) return;
    const form = $("#sign-in");
    form.elements.login.value = person.dataset.demo;
    form.elements.password.value = $("#demo-password").textContent.trim();
    form.requestSubmit();
  });

  /* The command palette */
  const palette = $("#palette");
  if (palette) {
    const input = $("#palette-input");
    const options = $$("[role=option]", palette);
    const find = $("#palette-find");
    let chosen = null;

    const shown = () => options.filter((option) => !option.hidden);
    function choose(option) {
      chosen?.setAttribute("aria-selected", "false");
      chosen = option || null;
      if (!chosen) { input.removeAttribute("aria-activedescendant"); return; }
      chosen.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    }
    function narrow() {
      const words = input.value.trim().toLowerCase();
      options.forEach((option) => {
        if (option !== find) option.hidden = !option.textContent.toLowerCase().includes(words);
      });
      if (find) {
        find.hidden = !words;
        $("em", find).textContent = input.value.trim();
      }
      $(".palette-none", palette).hidden = shown().length > 0;
      choose(shown()[0]);
    }
    function go(option) {
      if (!option) return;
      palette.close();
      window.location.assign(option.dataset.find ? option.dataset.find + encodeURIComponent(input.value.trim()) : option.dataset.url);
    }
    function open() {
      if (palette.open) return;
      input.value = "";
      narrow();
      palette.showModal();
      input.focus();
    }
    input.addEventListener("input", narrow);
    input.addEventListener("keydown", (event) => {
      const list = shown();
      const at = list.indexOf(chosen);
      if (event.key === "ArrowDown") choose(list[(at + 1) % list.length]);
      else if (event.key === "ArrowUp") choose(list[(at - 1 + list.length) % list.length]);
      else if (event.key === "Enter") go(chosen);
      else return;
      event.preventDefault();
    });
    palette.addEventListener("click", (event) => {
      if (event.target === palette || event.target.closest("[data-palette-close]")) palette.close();
      go(event.target.closest("[role=option]"));
    });
    $$("[data-palette-open]").forEach((button) => button.addEventListener("click", open));
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open();
      }
    });
  }

  window.yearline = { toast };
})();
