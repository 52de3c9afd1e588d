/*
 * Draws the figures that pages carry as JSON (components/_chart.html).
 *
 * A figure names its colours as var(--yl-series-1) or var(--yl-series-1,0.2): the style sheet holds light and dark, so the
 * same figure is drawn for either, and for paper. No data leaves the page and nothing is written inline.
 */
"use strict";

(() => {
  const TOKEN = /^var\((--yl-[a-z0-9-]+)(?:,\s*([0-9.]+))?\)$/;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chinese = document.documentElement.lang.startsWith("zh");
  const months = Array.from({ length: 12 }, (_, at) => `${at + 1}月`);

  if (window.Plotly && chinese) {
    Plotly.register({
      moduleType: "locale",
      name: "zh-CN",
      dictionary: {},
      format: {
        days: ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
        shortDays: ["日", "一", "二", "三", "四", "五", "六"],
        months,
        shortMonths: months,
        date: "%Y年%-m月%-d日",
        decimal: ".",
        thousands: ",",
        year: "%Y年",
        month: "%Y年%-m月",
        dayMonth: "%-m月%-d日",
        dayMonthYear: "%Y年%-m月%-d日",
      },
    });
  }

  function colour(text, styles) {
    const found = TOKEN.exec(text);
    if (!found) return text;
    const value = styles.getPropertyValue(found[1]).trim();
    if (found[2] === undefined || !/^#[0-9a-f]{6}$/i.test(value)) return value;
    const part = (at) => parseInt(value.slice(at, at + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${found[2]})`;
  }

  /* A copy of the figure with every colour name replaced by its colour. */
  function coloured(thing, styles) {
    if (typeof thing === "string") return thing.startsWith("var(") ? colour(thing, styles) : thing;
    if (Array.isArray(thing)) return thing.map((item) => coloured(item, styles));
    if (thing && typeof thing === "object") {
      return Object.fromEntries(Object.entries(thing).map(([key, item]) => [key, coloured(item, styles)]));
    }
    return thing;
  }

  /* On a phone every second or third month is named, level, instead of all of them askew. */
  function narrow(figure, width) {
    const names = new Set(figure.data.filter((trace) => trace.orientation !== "h" && Array.isArray(trace.x)).flatMap((trace) => trace.x));
    const axis = figure.layout.xaxis || (figure.layout.xaxis = {});
    if (width >= 480 || names.size < 7 || axis.tickvals || typeof [...names][0] !== "string") return;
    Object.assign(axis, { type: "category", tickmode: "linear", tick0: 0, dtick: Math.ceil(names.size / 6), tickangle: 0 });
  }

  function draw(card) {
    const holder = card.querySelector(".chart");
    const source = document.getElementById(`${holder.id}-figure`);
    if (!source || !window.Plotly) return;
    const figure = coloured(JSON.parse(source.textContent), getComputedStyle(document.documentElement));
    if (still) figure.layout.transition = { duration: 0 };
    narrow(figure, holder.clientWidth);
    if (document.documentElement.classList.contains("printing")) figure.layout.width = holder.clientWidth;
    Plotly.react(holder, figure.data, figure.layout, {
      displayModeBar: false,
      responsive: true,
      locale: chinese ? "zh-CN" : "en",
      scrollZoom: false,
      doubleClick: false,
    }).then(() => { card.dataset.drawn = "yes"; });
  }

  function drawAll(root) {
    const cards = root.querySelectorAll ? Array.from(root.querySelectorAll("[data-chart]")) : [];
    if (root.matches?.("[data-chart]")) cards.push(root);
    cards.filter((card) => !card.dataset.drawn).forEach(draw);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-toggle]");
    if (!button) return;
    const table = document.getElementById(button.getAttribute("aria-controls"));
    table.hidden = !table.hidden;
    button.setAttribute("aria-expanded", String(!table.hidden));
  });

  const redraw = () => document.querySelectorAll("[data-chart]").forEach(draw);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });

  /* Paper is light and has its own width; the browser lays it out after this, too late for plotly to follow. */
  const root = document.documentElement;
  let screenTheme = null;
  addEventListener("beforeprint", () => {
    screenTheme = root.dataset.bsTheme;
    root.dataset.bsTheme = "light";
    root.classList.add("printing");
    redraw();
  });
  addEventListener("afterprint", () => {
    root.dataset.bsTheme = screenTheme;
    root.classList.remove("printing");
    redraw();
  });
  let isNarrow = innerWidth < 768;
  addEventListener("resize", () => {
    if (isNarrow === innerWidth < 768) return;
    isNarrow = !isNarrow;
    redraw();
  });
  document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
  drawAll(document);
})();
