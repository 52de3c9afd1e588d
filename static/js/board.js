/* The board: a card moves by its menu or by dragging; the server answers with the board as it is now, and with the news. */
"use strict";

(() => {
  const CAN_DRAG = window.matchMedia("(hover: hover) and (pointer: fine)");
  const FIRST_OFFER = 10; // seconds in which a move can be undone
  const board = () => document.getElementById("board");
  const menu = () => document.getElementById("move-menu");
  const dialog = document.getElementById("move-dialog");
  if (!board() || !dialog) return;
  let opener = null;
  let scrolled = {};

  const card = (element) => element.closest(".deal-card");
  const query = () => board().dataset.query;

  /* A move forward needs no words; going back, winning and losing ask for them. */
  const needsWords = (moved, target) =>
    target.dataset.kind !== "open" || Number(target.dataset.position) < Number(moved.dataset.position);

  function move(moved, target) {
    remember();
    const url = moved.dataset.move;
    if (needsWords(moved, target)) {
      const ask = `${url}?to=${target.dataset.stage}&board=${encodeURIComponent(query())}`;
      window.htmx.ajax("GET", ask, { source: dialog, target: "#move-dialog-body", swap: "innerHTML" }).then(() => {
        if (!dialog.open) dialog.showModal();
        dialog.querySelector("textarea, input:not([type=hidden])")?.focus();
      });
      return;
    }
    const values = { to_stage: target.dataset.stage, version: moved.dataset.version, board: query(), direct: "1" };
    window.htmx.ajax("POST", url, { source: dialog, target: "#board", swap: "outerHTML", values });
  }

  function undo(news) {
    remember();
    const values = { version: news.version, board: query() };
    window.htmx.ajax("POST", news.undo, { source: dialog, target: "#board", swap: "outerHTML", values });
  }

  /* The news of a move: said aloud, with the way back, and the focus where the card now is. */
  document.addEventListener("board-news", (event) => {
    const news = event.detail;
    if (dialog.open) dialog.close();
    window.yearline.toast(news.text, { kind: news.kind, undo: news.undo ? () => undo(news) : null, seconds: FIRST_OFFER });
    const moved = document.getElementById(`deal-${news.deal}`);
    if (moved) {
      moved.classList.add("deal-card-moved");
      moved.querySelector("[data-move-menu]").focus();
      moved.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      board().querySelector("h2")?.focus();
    }
  });

  /* Columns keep their place when the board is drawn anew. */
  function remember() {
    scrolled = { across: board().querySelector(".board-columns")?.scrollLeft || 0, down: {} };
    board().querySelectorAll(".board-cards").forEach((list) => { scrolled.down[list.dataset.stage] = list.scrollTop; });
  }
  function restore() {
    const columns = board().querySelector(".board-columns");
    if (columns) columns.scrollLeft = scrolled.across || 0;
    board().querySelectorAll(".board-cards").forEach((list) => { list.scrollTop = scrolled.down?.[list.dataset.stage] || 0; });
  }

  /* The menu "Move to …": one for the board, opened beside the card that asked. */
  function openMenu(button) {
    opener = button;
    const here = card(button);
    button.setAttribute("aria-expanded", "true");
    const list = menu();
    list.querySelectorAll("[role=menuitem]").forEach((item) => { item.hidden = item.dataset.stage === here.dataset.stage; });
    list.hidden = false;
    const box = button.getBoundingClientRect();
    const top = Math.min(box.bottom + 4, window.innerHeight - list.offsetHeight - 8);
    list.style.top = `${Math.max(8, top)}px`;
    list.style.left = `${Math.max(8, Math.min(box.right - list.offsetWidth, window.innerWidth - list.offsetWidth - 8))}px`;
    items()[0]?.focus();
  }
  function closeMenu({ back = false } = {}) {
    const list = menu();
    if (!list || list.hidden) return;
    list.hidden = true;
    opener?.removeAttribute("aria-expanded");
    if (back) opener?.focus();
  }
  const items = () => Array.from(menu().querySelectorAll("[role=menuitem]")).filter((item) => !item.hidden);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move-menu]");
    if (button) {
      event.preventDefault();
      const again = button === opener && !menu().hidden;
      closeMenu();
      if (!again) openMenu(button);
      return;
    }
    const item = event.target.closest("#move-menu [role=menuitem]");
    const moved = item && opener ? card(opener) : null;
    closeMenu();
    if (moved) move(moved, item);
  });
  document.addEventListener("keydown", (event) => {
    const button = event.target.closest?.("[data-move-menu]");
    if (button && (event.key === " " || event.key === "ArrowDown")) {
      event.preventDefault();
      openMenu(button);
      return;
    }
    if (!menu() || menu().hidden) return;
    const list = items();
    const at = list.indexOf(document.activeElement);
    if (event.key === "Escape") closeMenu({ back: true });
    else if (event.key === "Tab") { closeMenu({ back: true }); return; }
    else if (event.key === "ArrowDown") list[(at + 1) % list.length].focus();
    else if (event.key === "ArrowUp") list[(at - 1 + list.length) % list.length].focus();
    else if (event.key === "Home") list[0].focus();
    else if (event.key === "End") list[list.length - 1].focus();
    else return;
    event.preventDefault();
  });
  document.addEventListener("scroll", () => closeMenu(), true);

  /* Dragging, where there is a mouse. The card goes back until the server has said yes. */
  function dress() {
    const root = board();
    root.querySelectorAll("[data-move-menu]").forEach((button) => {
      button.setAttribute("role", "button");
      button.setAttribute("aria-haspopup", "menu");
    });
    root.classList.toggle("has-drag", CAN_DRAG.matches && Boolean(window.Sortable));
    if (!CAN_DRAG.matches || !window.Sortable) return;
    root.querySelectorAll(".board-cards, .drop-zone").forEach((list) => {
      window.Sortable.create(list, {
        group: { name: "deals", put: "takes" in list.dataset },
        sort: false,
        draggable: ".deal-card",
        filter: "[data-move-menu]",
        preventOnFilter: false,
        ghostClass: "deal-card-ghost",
        animation: 0,
        onStart: () => { closeMenu(); root.classList.add("is-dragging"); },
        onEnd: (event) => {
          root.classList.remove("is-dragging");
          if (event.from === event.to) return;
          const target = event.to;
          event.from.insertBefore(event.item, event.from.children[event.oldIndex] || null);
          move(event.item, target);
        },
      });
    });
  }
  /* htmx carries attributes over to the new element of the same id, styles by setAttribute, which the policy refuses. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "board") return;
    board().querySelectorAll("[id][style]").forEach((element) => element.removeAttribute("id"));
  });
  /* After settling, which gives the new board back the classes that the server wrote. */
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "board" && event.target.id !== "board") return;
    dress();
    restore();
  });
  document.addEventListener("htmx:sendError", () => { if (dialog.open) dialog.close(); });
  dress();
})();
