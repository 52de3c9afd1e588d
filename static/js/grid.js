/*
 * The target grid: leaf cells become inputs, arrows and Enter move, Esc restores, a block pastes, totals follow at once, and each
 * changed row is sent by itself with the version it was read at. Money is counted in whole cents; the shown unit is display only.
 */
"use strict";

(() => {
  const grid = document.getElementById("target-grid");
  if (!grid) return;
  const facts = JSON.parse(document.getElementById("grid-facts").textContent);
  const words = grid.dataset;
  const table = grid.querySelector(".target-grid");
  const body = table.tBodies[0];
  const MONTHS = Array.from({ length: 12 }, (_, index) => `m${String(index + 1).padStart(2, "0")}`);
  const LARGEST = 99999999999999;
  const QUIET = 900;
  const names = Object.fromEntries(Array.from(table.tHead.querySelectorAll("[data-col]"), (head) => [head.dataset.col, head.dataset.full]));
  let scale = facts.scales[facts.scale];
  let shares = false; // months shown and typed as per cent of the year

  /* Money: text of the server in the currency, whole cents here, text in the chosen unit on the screen. */
  const cents = (text) => { const [whole, part = ""] = text.split("."); return Number(whole + part.padEnd(2, "0").slice(0, 2)); };
  const plain = (amount) => `${Math.trunc(amount / 100)}.${String(amount % 100).padStart(2, "0")}`;
  const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0);
  const step = () => scale.factor * 100 / 10 ** scale.digits;
  const finest = () => 2 + Math.round(Math.log10(scale.factor));

  function rounded(amount) {
    const size = step();
    const low = Math.floor(amount / size);
    const rest = amount - low * size;
    return rest * 2 > size || (rest * 2 === size && low % 2 !== 0) ? low + 1 : low;
  }
  /* The largest remainders get the missing steps, so that shown months add up to the shown year (as core.money does it). */
  function roundedParts(amounts) {
    const size = step();
    const parts = amounts.map((amount) => Math.floor(amount / size));
    const missing = rounded(sum(amounts)) - sum(parts);
    amounts.map((amount, index) => [amount - parts[index] * size, index]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, missing).forEach(([, index]) => { parts[index] += 1; });
    return parts;
  }
  /* The same for shares: tenths of a per cent that add up to 100 %. */
  function tenths(amounts) {
    const whole = sum(amounts);
    const parts = amounts.map((amount) => Math.floor(amount * 1000 / whole));
    amounts.map((amount, index) => [amount * 1000 / whole - parts[index], index]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, 1000 - sum(parts)).forEach(([, index]) => { parts[index] += 1; });
    return parts;
  }
  let format = null;
  const percents = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  function numbers() {
    format = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: scale.digits, maximumFractionDigits: scale.digits });
  }
  const text = (steps) => (steps === null ? "–" : format.format(steps / 10 ** scale.digits));
  function exact(amount) {
    const digits = finest();
    const figures = String(amount).padStart(digits + 1, "0");
    const part = figures.slice(-digits).replace(/0+$/, "");
    return figures.slice(0, -digits) + (part ? `.${part}` : "");
  }
  /* Plain figures only: what a person means by 1.2万 or 1,20 is never guessed. */
  function parsed(input) {
    const typed = input.trim();
    if (!typed) return { problem: words.blank };
    if (!/^(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/.test(typed)) return { problem: words.notAmount };
    const [whole, part = ""] = typed.replaceAll(",", "").split(".");
    const trimmed = part.replace(/0+$/, "");
    if (trimmed.length > finest()) return { problem: words.tooFine };
    const amount = Number(whole + trimmed.padEnd(finest(), "0"));
    return amount > LARGEST ? { problem: words.notAmount } : { amount };
  }

  function parsedShare(row, input) {
    const typed = input.trim().replace(/\s*%$/, "");
    if (!typed) return { problem: words.blank };
    if (!/^\d{1,3}(\.\d{1,4})?$/.test(typed) || Number(typed) > 100) return { problem: words.notShare };
    return { share: typed, amount: Math.round(total(row) * Number(typed) / 100) };
  }
  const read = (row, column, input) => (isShare(row, column) ? parsedShare(row, input) : parsed(input));

  /* Rows: those drawn with the page, and those of every unit that is unfolded later */
  const rows = new Map();
  const isClosed = (index) => index < facts.closed; // over before this version took effect: the server keeps it as it was
  function register(fact) {
    const tr = document.getElementById(fact.key);
    const row = {
      ...fact, tr,
      cells: Object.fromEntries(Array.from(tr.querySelectorAll("td[data-col]"), (cell) => [cell.dataset.col, cell])),
      months: fact.months ? fact.months.map(cents) : MONTHS.map((_, index) => (isClosed(index) ? 0 : null)),
      planned: fact.planned === null ? null : cents(fact.planned),
      won: cents(fact.won),
      changed: new Map(), // months set by hand since the last save: the share that was typed, or null for an amount
      typedTotal: null, dirty: false, saving: false, failed: "", conflict: null, edits: 0, timer: 0, chain: Promise.resolve(),
    };
    row.counted = total(row) ?? 0; // what the row above holds of it
    rows.set(fact.key, row);
    return row;
  }
  const isWhole = (row) => row.months.every((amount) => amount !== null);
  const total = (row) => (row.typedTotal !== null ? row.typedTotal : isWhole(row) ? sum(row.months) : null);
  facts.rows.forEach(register);
  const isShare = (row, column) => shares && column !== "total" && total(row) > 0;
  const inputOf = (row, column) => row.cells[column].querySelector("input");

  function put(row, column, shown) {
    const input = inputOf(row, column);
    if (!input) row.cells[column].textContent = shown;
    else if (document.activeElement !== input && input.getAttribute("aria-invalid") !== "true") input.value = shown === "–" ? "" : shown;
  }
  function note(row) {
    row.tr.querySelector("[data-lock]").hidden = !row.locked;
    MONTHS.forEach((column) => {
      const told = row.by_hand[column];
      row.cells[column].classList.toggle("by-hand", Boolean(told));
      row.cells[column].title = told || "";
      row.cells[column].querySelector(".visually-hidden")?.remove();
      const input = inputOf(row, column);
      input?.removeAttribute("aria-describedby");
      if (!told) return;
      const spoken = document.createElement("span");
      spoken.className = "visually-hidden";
      spoken.id = `${row.key}-${column}-by-hand`;
      spoken.textContent = told;
      row.cells[column].append(spoken);
      input?.setAttribute("aria-describedby", spoken.id);
    });
  }
  function render(row) {
    const whole = isWhole(row);
    const share = whole && isShare(row, MONTHS[0]);
    const parts = share ? tenths(row.months) : whole ? roundedParts(row.months) : row.months.map((amount) => (amount === null ? null : rounded(amount)));
    const told = share ? (part) => `${percents.format(part / 10)}%` : text;
    parts.forEach((part, index) => put(row, MONTHS[index], told(part)));
    note(row);
    [1, 2, 3, 4].forEach((quarter) => put(row, `q${quarter}`, whole ? told(sum(parts.slice(3 * quarter - 3, 3 * quarter))) : text(null)));
    const year = total(row);
    put(row, "total", text(year === null ? null : rounded(year)));
    put(row, "planned", text(row.planned === null ? null : rounded(row.planned)));
    put(row, "won", text(rounded(row.won)));
    const gap = row.planned === null || year === null ? null : row.planned - year;
    const cell = row.cells.gap;
    const shown = gap === null ? "–" : text(Math.sign(gap) * rounded(Math.abs(gap)));
    const [amount, percentage] = cell.children;
    amount.textContent = gap > 0 && /[1-9]/.test(shown) ? `+${shown}` : shown;
    const part = !gap || !year ? null : Math.round(gap * 1000 / year) / 10;
    percentage.textContent = part === null ? "" : `${part > 0 ? "+" : ""}${percents.format(part)}%`;
    ["stretch", "challenge"].filter((level) => row.cells[level]).forEach((level) => {
      const over = row.over[level];
      put(row, level, text(over === undefined || over === null || year === null ? null : rounded(year + cents(over))));
    });
    cell.classList.toggle("behind", gap !== null && gap < 0);
    cell.classList.toggle("ahead", gap !== null && gap > 0);
    renderAttainment(row, whole);
  }
  function renderAttainment(row, whole) {
    const due = whole ? row.months.reduce((all, amount, index) => all + amount * facts.due[index], 0) : 0;
    const box = row.tr.querySelector(".attainment");
    box.hidden = due <= 0;
    box.nextElementSibling.hidden = due > 0;
    if (due <= 0) return;
    const share = row.won / due;
    const bar = box.querySelector("progress");
    box.classList.toggle("is-behind", share < facts.behind);
    bar.classList.toggle("progress-behind", share < facts.behind);
    bar.value = Math.round(share * 100);
    box.querySelector(".percent").textContent = `${Math.round(share * 100)}%`;
  }
  function renderUpwards(row) {
    render(row);
    const above = rows.get(row.parent);
    const now = total(row) ?? 0;
    if (!above || now === row.counted) return;
    above.planned += now - row.counted; // rows that are not drawn stay in it
    row.counted = now;
    render(above);
  }

  /* Saving: one request per row, one at a time, carrying the version that was read. */
  const status = document.getElementById("grid-status");
  function say() {
    if (!status) return;
    const all = Array.from(rows.values());
    const invalid = table.querySelector("input[aria-invalid=true]");
    const failed = all.find((row) => row.failed || row.conflict);
    status.classList.toggle("attention", Boolean(invalid || failed));
    const reason = invalid ? invalid.title : failed ? failed.failed || words.conflict : "";
    let line = words.saved;
    if (invalid || failed) line = `${words.attention}: ${reason}`;
    else if (all.some((row) => row.saving)) line = words.saving;
    else if (all.some((row) => row.dirty)) line = words.unsaved;
    if (status.textContent !== line) status.textContent = line;
  }
  function state(row, now) {
    const box = row.tr.querySelector("[data-state]");
    if (box) {
      box.className = `row-state ${now}`;
      box.textContent = { saving: "…", saved: "✓", failed: "!" }[now] || "";
      const spoken = { saving: words.rowSaving, saved: words.rowSaved, failed: `${words.rowFailed}: ${row.failed || words.conflict}` }[now] || "";
      if (spoken) { box.title = spoken; box.setAttribute("role", "img"); box.setAttribute("aria-label", spoken); } else { box.removeAttribute("title"); box.removeAttribute("role"); box.removeAttribute("aria-label"); }
    }
    say();
  }
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

  async function send(row, url, method, fields) {
    row.saving = true;
    row.failed = "";
    state(row, "saving");
    const edits = row.edits;
    let answer = null;
    let data = {};
    try {
      answer = await fetch(url, { method, keepalive: true, headers: { "X-CSRFToken": csrf(), Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ ...fields, lock_version: row.version }) });
      data = await answer.json();
    } catch {
      if (!answer) data = { message: words.offline };
    }
    row.saving = false;
    row.typedTotal = null;
    if (answer?.ok) {
      row.version = data.version;
      row.locked = data.locked;
      row.by_hand = data.by_hand;
      clearConflict(row);
      if (row.edits === edits) {
        row.dirty = false;
        row.changed.clear();
        row.months = data.months.map(cents);
      }
      renderUpwards(row);
      state(row, "saved");
      return data;
    }
    if (answer?.status === 412 && data.theirs) {
      showConflict(row, data);
    } else {
      row.failed = data.message || Object.values(data.errors || {}).flat().join(" ") || words.offline;
      Object.entries(data.errors || {}).forEach(([column, reasons]) => { const input = row.cells[column] && inputOf(row, column); if (input) flag(input, reasons.join(" ")); });
      renderUpwards(row);
    }
    state(row, "failed");
    return null;
  }
  function queue(row, job) {
    row.chain = row.chain.then(job);
    return row.chain;
  }
  function save(row) {
    clearTimeout(row.timer);
    return queue(row, () => {
      if (!row.dirty || row.conflict) return null;
      const blank = row.months.filter((amount) => amount === null).length;
      if (blank) {
        row.failed = words.incomplete.replace("{n}", blank);
        state(row, "failed");
        return null;
      }
      if (!row.version) return send(row, row.edit, "PATCH", Object.fromEntries(row.months.map((amount, index) => [MONTHS[index], plain(amount)])));
      if (!row.changed.size) { row.dirty = false; return null; }
      const fields = Array.from(row.changed, ([column, share]) => (share === null ? [column, plain(row.months[MONTHS.indexOf(column)])] : [`p${column.slice(1)}`, share]));
      const columns = Array.from(row.changed.keys());
      return send(row, row.edit, "PATCH", Object.fromEntries(fields)).then((data) => { if (data) askWhy(row, columns.filter((column) => data.unexplained.includes(column))); return data; });
    });
  }
  function saveSoon(row) {
    clearTimeout(row.timer);
    row.timer = setTimeout(() => save(row), QUIET);
  }
  function spread(row, amount, split) {
    clearTimeout(row.timer);
    row.dirty = false;
    row.changed.clear();
    row.edits += 1;
    row.typedTotal = amount;
    renderUpwards(row);
    return queue(row, () => { row.typedTotal = amount; return send(row, row.split, "POST", { total: plain(amount), split }); });
  }
  function change(row, column, amount, share = null) {
    row.failed = "";
    if (column === "total") { spread(row, amount, "manual"); return; }
    if (row.version && (row.locked || share !== null)) row.typedTotal = total(row); // it stays, the server moves the others
    row.changed.set(column, share);
    row.months[MONTHS.indexOf(column)] = amount;
    row.dirty = true;
    row.edits += 1;
    renderUpwards(row);
    state(row, "");
    saveSoon(row);
  }

  /* A conflict shows both values, and the person chooses. */
  function clearConflict(row) {
    row.conflict?.remove();
    row.conflict = null;
  }
  function showConflict(row, data) {
    clearConflict(row);
    const theirs = data.theirs.map(cents);
    const mine = data.mine ? data.mine.map(cents) : row.months;
    const tr = document.createElement("tr");
    tr.className = "conflict-row";
    const cell = tr.insertCell();
    cell.colSpan = 24;
    const box = document.createElement("div");
    box.className = "conflict-box";
    box.setAttribute("role", "alert");
    const line = document.createElement("strong");
    line.textContent = `${row.name}: ${words.conflict}`;
    const values = document.createElement("table");
    const head = values.createTHead().insertRow();
    [words.month, words.mine, words.theirs].forEach((word, index) => { const th = document.createElement("th"); th.scope = "col"; th.textContent = word; if (index) th.className = "num"; head.append(th); });
    const list = values.createTBody();
    MONTHS.forEach((column, index) => {
      if (mine[index] === theirs[index]) return;
      const one = list.insertRow();
      const th = document.createElement("th");
      th.scope = "row";
      th.textContent = names[column];
      one.append(th);
      [mine, theirs].forEach((side) => { const td = one.insertCell(); td.className = "num"; td.textContent = text(rounded(side[index])); });
    });
    const actions = document.createElement("div");
    actions.className = "conflict-actions";
    const choose = (word, kind, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `btn btn-sm ${kind}`;
      button.textContent = word;
      button.addEventListener("click", () => { row.version = data.current_version; clearConflict(row); act(); (inputOf(row, "total") || button).focus(); });
      actions.append(button);
    };
    choose(words.keepMine, "btn-primary", () => { row.months = mine; row.dirty = true; renderUpwards(row); save(row); });
    choose(words.takeTheirs, "", () => { row.months = theirs; row.changed.clear(); row.dirty = false; row.failed = ""; renderUpwards(row); state(row, "saved"); });
    box.append(line, values, actions);
    cell.append(box);
    row.tr.after(tr);
    row.conflict = tr;
    row.months = mine;
    renderUpwards(row);
  }

  /* Cells */
  function flag(input, problem) {
    input.setAttribute("aria-invalid", "true");
    input.title = problem;
  }
  function unflag(input) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("title");
  }
  function equip(row, column) {
    const cell = row.cells[column];
    if (!row.editable || inputOf(row, column)) return;
    if (isClosed(MONTHS.indexOf(column)) && column !== "total") {
      cell.classList.add("is-closed");
      return;
    }
    const input = document.createElement("input");
    input.type = "text";
    input.className = "cell";
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.spellcheck = false;
    input.size = 1;
    input.dataset.column = column;
    input.setAttribute("aria-label", `${row.name}, ${column === "total" ? words.annual : names[column]}`);
    cell.replaceChildren(input);
  }
  const isOpen = (quarter) => table.hasAttribute(`data-q${quarter}`);
  function equipOpen(among = rows) {
    const columns = ["total", ...MONTHS.filter((_, index) => isOpen(Math.floor(index / 3) + 1))];
    among.forEach((row) => { columns.forEach((column) => equip(row, column)); render(row); });
  }
  const place = (input) => ({ row: rows.get(input.closest("tr").id), column: input.dataset.column });
  const stored = ({ row, column }) => (column === "total" ? total(row) : row.months[MONTHS.indexOf(column)]);
  const asTyped = (amount, where = null) => {
    if (amount === null) return "";
    if (!where || !isShare(where.row, where.column)) return exact(amount);
    return (amount * 100 / total(where.row)).toFixed(4).replace(/\.?0+$/, "");
  };

  function commit(input) {
    const where = place(input);
    const before = stored(where);
    if (input.value.trim() === asTyped(before, where)) { unflag(input); say(); return; }
    const { amount, share, problem } = read(where.row, where.column, input.value);
    if (problem) { flag(input, problem); say(); return; }
    unflag(input);
    if (amount !== before) change(where.row, where.column, amount, share);
  }
  const shownRows = () => Array.from(body.rows).filter((tr) => !tr.hidden && rows.has(tr.id));
  const shownColumns = () => ["total", ...MONTHS.filter((_, index) => isOpen(Math.floor(index / 3) + 1))];
  function beside(input, down, right) {
    const { row, column } = place(input);
    if (down) {
      const list = shownRows();
      for (let at = list.indexOf(row.tr) + down; at >= 0 && at < list.length; at += down) {
        const found = inputOf(rows.get(list[at].id), column);
        if (found) return found;
      }
      return null;
    }
    const columns = shownColumns().filter((shown) => inputOf(row, shown));
    return columns[columns.indexOf(column) + right] ? inputOf(row, columns[columns.indexOf(column) + right]) : null;
  }
  function move(input, down, right) {
    const next = beside(input, down, right);
    if (next) next.focus(); else { commit(input); input.select(); }
  }

  table.addEventListener("focusin", ({ target }) => {
    if (!target.matches("input.cell")) return;
    if (target.getAttribute("aria-invalid") !== "true") target.value = asTyped(stored(place(target)), place(target));
    target.select();
  });
  table.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (!target.matches("input.cell")) return;
    commit(target);
    const { row } = place(target);
    queueMicrotask(() => render(row));
    if (row.dirty && relatedTarget?.closest("tr") !== row.tr) save(row);
  });
  table.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches("input.cell") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const steps = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [event.shiftKey ? -1 : 1, 0],
      ArrowLeft: all || input.selectionEnd === 0 ? [0, -1] : null,
      ArrowRight: all || input.selectionStart === input.value.length ? [0, 1] : null,
    }[event.key];
    if (event.key === "Escape") {
      unflag(input);
      input.value = asTyped(stored(place(input)), place(input));
      input.select();
      say();
    } else if (steps && (event.key === "Enter" || !event.shiftKey)) {
      move(input, ...steps);
    } else return;
    event.preventDefault();
  });

  /* A block from a spreadsheet: all of it, or nothing. */
  table.addEventListener("paste", (event) => {
    const input = event.target;
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (!input.matches?.("input.cell") || !/[\t\n\r]/.test(pasted.replace(/[\r\n]+$/, ""))) return;
    event.preventDefault();
    const block = pasted.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
    const { row, column } = place(input);
    const columns = column === "total" ? ["total"] : shownColumns().slice(shownColumns().indexOf(column));
    const below = shownRows().slice(shownRows().indexOf(row.tr));
    if (block.length > below.length || block.some((line) => line.length > columns.length)) { refuse(words.outside); return; }
    if (block.some((_, down) => !rows.get(below[down].id).editable)) { refuse(words.locked); return; }
    table.querySelectorAll("input[aria-invalid=true]").forEach(unflag);
    const wanted = block.flatMap((line, down) => line.map((typed, right) => ({ row: rows.get(below[down].id), column: columns[right], typed, ...read(rows.get(below[down].id), columns[right], typed) })));
    const bad = wanted.filter((cell) => cell.problem);
    bad.forEach((cell) => flag(inputOf(cell.row, cell.column), cell.typed.trim() ? `“${cell.typed.trim()}”: ${cell.problem}` : cell.problem));
    if (bad.length) { refuse(words.badPaste); return; }
    wanted.forEach((cell) => { if (stored(cell) !== cell.amount) change(cell.row, cell.column, cell.amount, cell.share); });
    input.value = asTyped(stored(place(input)), place(input));
    input.select();
    const touched = new Set(wanted.map((cell) => cell.row));
    touched.forEach((one) => { if (one.dirty) save(one); });
    window.yearline?.toast(words.pasted.replace("{n}", touched.size));
  });
  function refuse(reason) {
    window.yearline?.toast(reason, { kind: "error" });
    say();
  }

  /* Quarters, unit, attainment: what is shown (folding: static/js/grid-tree.js) */
  table.tHead.addEventListener("click", (event) => {
    const toggle = event.target.closest("[data-quarter]");
    if (!toggle) return;
    event.preventDefault();
    const open = table.toggleAttribute(`data-q${toggle.dataset.quarter}`);
    toggle.setAttribute("aria-expanded", String(open));
    equipOpen();
  });
  document.getElementById("grid-unit").addEventListener("change", ({ target }) => {
    scale = facts.scales[target.value];
    numbers();
    document.querySelectorAll("[data-scale-label]").forEach((label) => { label.textContent = scale.label; });
    table.querySelectorAll("input[aria-invalid=true]").forEach(unflag);
    rows.forEach(render);
    say();
    const address = new URL(window.location.href);
    const looked = document.querySelector("#grid-search [name=unit]");
    if (looked) looked.value = target.value;
    address.searchParams.set("unit", target.value);
    window.history.replaceState(null, "", address);
  });
  document.getElementById("show-shares").addEventListener("change", ({ target }) => {
    shares = target.checked;
    table.querySelectorAll("input[aria-invalid=true]").forEach(unflag);
    rows.forEach(render);
    say();
  });
  document.getElementById("show-attainment").addEventListener("change", ({ target }) => table.classList.toggle("no-attainment", !target.checked));

  /* Why a month was set by hand: asked once, and kept with it. */
  const why = document.getElementById("grid-reason");
  let asked = null;
  const namesOf = (columns) => columns.map((column) => names[column]).join(", ");
  function askWhy(row, columns) {
    if (!why || !columns.length) return;
    asked = { row, columns };
    why.querySelector("label").textContent = words.why.replace("{name}", row.name).replace("{months}", namesOf(columns));
    why.hidden = false;
  }
  why?.addEventListener("submit", (event) => {
    event.preventDefault();
    const { row, columns } = asked;
    const input = why.querySelector("input");
    const reason = input.value.trim();
    if (!reason) { input.focus(); return; }
    queue(row, () => send(row, row.edit, "PATCH", { ...Object.fromEntries(columns.map((column) => [column, plain(row.months[MONTHS.indexOf(column)])])), reason })).then((data) => { if (data) { input.value = ""; why.hidden = true; } });
  });
  why?.querySelector("[data-later]").addEventListener("click", () => { why.hidden = true; });

  /* Spread tools */
  const dialog = document.getElementById("spread");
  if (dialog) {
    const amount = document.getElementById("spread-total");
    const problem = document.getElementById("spread-problem");
    const lock = document.getElementById("spread-lock");
    let chosen = null;
    lock.addEventListener("change", () => {
      const row = chosen;
      save(row);
      queue(row, () => send(row, `${row.edit}lock/`, "POST", lock.checked ? { locked: "on" } : {})).then((data) => {
        lock.checked = row.locked;
        if (data) window.yearline?.toast(`${row.name}: ${row.locked ? words.lockedOn : words.lockedOff}`);
      });
    });
    body.addEventListener("click", (event) => {
      const opener = event.target.closest("[data-spread]");
      if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      chosen = rows.get(opener.closest("tr").id);
      dialog.querySelector("[data-spread-name]").textContent = chosen.name;
      dialog.querySelector("[data-spread-page]").href = chosen.edit;
      dialog.querySelector('[data-split="manual"]').hidden = !isWhole(chosen) || !total(chosen);
      amount.value = asTyped(total(chosen));
      problem.textContent = "";
      amount.removeAttribute("aria-invalid");
      const kept = MONTHS.filter((column) => chosen.by_hand[column]);
      const note = document.getElementById("spread-kept");
      note.hidden = !kept.length;
      note.textContent = words.byHand.replace("{months}", namesOf(kept));
      lock.checked = chosen.locked;
      lock.disabled = !chosen.version;
      dialog.showModal();
      amount.select();
    });
    dialog.addEventListener("click", async (event) => {
      const way = event.target.closest("[data-split]");
      if (!way) return;
      const found = parsed(amount.value);
      problem.textContent = found.problem || "";
      amount.toggleAttribute("aria-invalid", Boolean(found.problem));
      if (found.problem) { amount.setAttribute("aria-invalid", "true"); amount.focus(); return; }
      const row = chosen;
      dialog.close();
      const data = await spread(row, found.amount, way.dataset.split);
      if (data?.message) window.yearline?.toast(`${row.name}: ${data.message}`);
    });
    dialog.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); dialog.querySelector("[data-split]").click(); });
  }

  window.addEventListener("beforeunload", (event) => {
    const open = Array.from(rows.values()).filter((row) => row.dirty || row.saving);
    open.forEach(save);
    if (open.length) event.preventDefault();
  });
  /* The margin of the paper says what this is (static/css/grid.css prints the property). */
  const paper = table.querySelector(".print-only");
  document.documentElement.style.setProperty("--print-line", JSON.stringify(paper.textContent.trim().replace(/\s+/g, " ")));
  const probe = new CSSStyleSheet();
  probe.replaceSync("@page { @top-left { content: '' } }");
  table.classList.toggle("in-margin", Boolean(probe.cssRules[0]?.cssRules?.length));
  numbers();
  equipOpen();
  say();
  window.yearline.grid = { table, body, words, rows, draw: (found) => equipOpen(found.map(register)) }; // for static/js/grid-tree.js
})();
