// Small comforts. Every page works without this file.
"use strict";

// --- "/" goes to search ------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const find = [...document.querySelectorAll('input[type="search"]')].find((input) => input.offsetParent);
  if (!find) return;
  event.preventDefault();
  find.focus();
  find.select();
});

// --- j and k walk the rows of a list, x ticks the one at hand ---
document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (!/^[jkx]$/.test(key) || ctrlKey || metaKey || altKey || target.closest("input:not([type=checkbox]), textarea, select")) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const here = rows.findIndex((row) => row.contains(target));
  const row = rows[key === "x" ? here : Math.min(Math.max(here + (key === "j" ? 1 : -1), 0), rows.length - 1)];
  if (row) key === "x" ? row.querySelector("[type=checkbox]").click() : row.querySelector("a").focus();
});
document.addEventListener("change", () => {
  const said = document.querySelector("[data-chosen]");
  if (said) said.textContent = document.querySelectorAll("[data-row] :checked").length + said.dataset.chosen;
});

// --- Menus close when attention leaves them ----------------------------------------------------
const menus = "details.menu[open], details.facet[open], details.dock-more[open]";
document.addEventListener("click", (event) => {
  document.querySelectorAll(menus).forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelectorAll(menus).forEach((menu) => {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  });
});

// --- One press is one request ------------------------------------------------------------------
// Mouse and keyboard both end in "submit". The button keeps its name and value, so it is marked, not disabled.
const rest = (form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method.toLowerCase() !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "1";
  form.querySelectorAll('button[type="submit"], button:not([type])').forEach((button) => button.setAttribute("aria-disabled", "true"));
}, true);
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(rest));

// --- After part of a page is replaced ----------------------------------------------------------
document.addEventListener("htmx:beforeSwap", (event) => {
  // A whole page came back, after a redirect for example: show it whole, not in a corner.
  if (event.detail.xhr.getResponseHeader("HX-Retarget") || event.detail.target.id === "facet-counts") return;
  if (/^\s*<!doctype/i.test(event.detail.serverResponse || "")) {
    event.detail.target = document.body;
    event.detail.swapOverride = "innerHTML";
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  ready();
  const part = event.detail.elt;
  if (!(part instanceof Element)) return;
  const target = part.matches("[data-focus]") ? part : part.querySelector("[data-focus]");
  if (target) target.focus();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest && event.detail.elt.closest("form");
  if (form) rest(form);
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => {
    const trouble = document.getElementById("trouble");
    if (trouble) trouble.hidden = false;
  });
}

// --- Appearance: chosen here, kept on this device ----------------------------------------------
const showTheme = () => {
  const now = document.documentElement.dataset.theme || "";
  document.querySelectorAll("[data-theme-is]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeIs === now)));
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-is]");
  if (!button) return;
  const theme = button.dataset.themeIs;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch { /* storage is off: it holds for this page */ }
  showTheme();
});

// --- Paper shows everything --------------------------------------------------------------------
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("main details:not([open])")];
  unfolded.forEach((fold) => { fold.open = true; });
});
window.addEventListener("afterprint", () => unfolded.forEach((fold) => { fold.open = false; }));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// --- What only makes sense with a script shows itself ------------------------------------------
function ready() {
  document.querySelectorAll("[data-theme-choice], [data-print]").forEach((part) => { part.hidden = false; });
  showTheme();
}
ready();
