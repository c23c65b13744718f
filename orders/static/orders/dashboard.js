// Progressive enhancement of the staff pages, which work without it.
"use strict";

// The server shows times in the time zone of this cookie.
document.cookie = "timezone=" + Intl.DateTimeFormat().resolvedOptions().timeZone + ";path=/;max-age=31536000;samesite=lax";

// The selected orders of each list, by order id, until the tab is closed. After Back or a reload, another order may be in
// the same row, so a selection must not be restored by position.
const SELECTION = "selection ";

function tabStorage() {
  try {
    return window.sessionStorage;
  } catch {
    return null; // The user has blocked storage. The selection is then lost with the page.
  }
}

function selectedIds(key) {
  const storage = tabStorage();
  return storage && new Set(JSON.parse(storage.getItem(key) || "[]"));
}

function remember(key, boxes) {
  const ids = selectedIds(key);
  if (!ids) return;
  boxes.forEach((box) => (box.checked ? ids.add(box.value) : ids.delete(box.value)));
  tabStorage().setItem(key, JSON.stringify([...ids]));
}

function forgetSelections() {
  const storage = tabStorage();
  if (storage) Object.keys(storage).filter((key) => key.startsWith(SELECTION)).forEach((key) => storage.removeItem(key));
}

document.addEventListener("DOMContentLoaded", () => {
  const texts = document.getElementById("texts").dataset;
  const dialog = document.getElementById("shortcuts");
  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  let afterG = false;

  const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  function step(direction) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.classList.contains("o-current"));
    const next = Math.min(Math.max(here + direction, 0), all.length - 1);
    all.forEach((row) => row.classList.remove("o-current"));
    all[next].classList.add("o-current");
    all[next].querySelector("a").focus();
  }

  const keys = {
    "/": () => document.getElementById("search").select(),
    n: () => dialog.dataset.create && location.assign(dialog.dataset.create),
    j: () => step(1),
    k: () => step(-1),
    "?": () => dialog.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (!dialog || dialog.open || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (afterG && event.key === "o") location.assign(dialog.dataset.list);
    else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
    afterG = event.key === "g";
  });

  // A click anywhere in a row follows its link, except on links and inputs, and while text is selected.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || event.target.closest("a, input, label") || String(getSelection())) return;
    if (event.target.closest(".o-check")) row.querySelector("input[name=id]").click();
    else row.querySelector("a").click();
  });

  // Ignore a second submission. The server would apply it only once anyway.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

  const bulk = document.querySelector("[data-selection]");
  if (bulk) {
    const key = SELECTION + bulk.dataset.selection;
    const all = bulk.querySelector("[data-select-all]");
    const label = bulk.querySelector("[data-selected]");
    const boxes = () => Array.from(bulk.querySelectorAll("input[name=id]"));

    function show() {
      const count = boxes().filter((box) => box.checked).length;
      label.textContent = count ? label.dataset.selected.replace("{count}", count) : "";
      all.checked = count > 0 && count === boxes().length;
      all.indeterminate = count > 0 && !all.checked;
    }
    function restore() {
      const ids = selectedIds(key);
      if (ids) boxes().forEach((box) => { box.checked = ids.has(box.value); });
      show();
    }
    bulk.addEventListener("change", (event) => {
      if (event.target === all) boxes().forEach((box) => { box.checked = all.checked; });
      show();
      remember(key, boxes());
    });
    restore();
    // Also when Back shows a cached page, because the selection may have changed since.
    window.addEventListener("pageshow", restore);
  }
  if (document.querySelector("[data-selection-done]")) forgetSelections();

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    });
  });

  // Close the filter panel on a click outside it and on Escape.
  const filter = document.querySelector(".o-filters");
  document.addEventListener("click", (event) => {
    if (filter && !filter.contains(event.target)) filter.open = false;
  });
  filter?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    filter.open = false;
    filter.querySelector("summary").focus();
  });

  // The outage page polls, and reloads when the server responds.
  const retry = document.querySelector("[data-retry]");
  if (retry) {
    setInterval(async () => {
      const response = await fetch(location.href, { method: "HEAD" }).catch(() => null);
      if (response?.ok) location.reload();
    }, 1000 * retry.dataset.retry);
  }

  // --- Accessibility fixes for Unfold ---

  // Its menus open on a click on elements that the keyboard cannot reach.
  document.querySelectorAll("[x-on\\:click]:not([href], button, input, select, h2, :has(a, button, input))").forEach((element) => {
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      element.click();
    });
  });
  document.querySelectorAll(".material-symbols-outlined[role=button]").forEach((icon) => icon.setAttribute("aria-label", texts.menu));

  // Its user menu is a landmark without a name.
  document.querySelectorAll("nav nav").forEach((menu) => {
    menu.setAttribute("aria-label", menu.nextElementSibling?.querySelector(".truncate")?.textContent.trim() || texts.menu);
  });

  // Its command palette has no dialog role, and all its scroll areas have the same name.
  const palette = document.querySelector("[x-data='searchCommand()']");
  const title = document.querySelector("#main h1")?.textContent.trim();
  if (palette) {
    palette.setAttribute("role", "dialog");
    palette.setAttribute("aria-modal", "true");
    palette.setAttribute("aria-label", palette.querySelector("input").placeholder);
    const results = palette.querySelector("#command-results");
    results.setAttribute("aria-live", "polite");
    // Unfold shows nothing if there is no match.
    results.addEventListener("htmx:afterSwap", (event) => {
      if (event.target !== results || results.childElementCount || !palette.querySelector("input").value.trim()) return;
      const sentence = document.createElement("p");
      sentence.className = "o-no-match";
      sentence.textContent = texts.noMatch;
      results.append(sentence);
    });
    // Enter without a selected result is an error in Unfold's script. Open the first result, if any.
    palette.querySelector("input").parentElement.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || palette.querySelector("#command-results-list .active")) return;
      event.preventDefault();
      event.stopPropagation();
      const first = palette.querySelector("#command-results-list a");
      if (first) location.assign(first.href);
    }, true);
    palette.querySelectorAll("[data-simplebar]").forEach((part) => { part.dataset.simplebarAriaLabel = palette.getAttribute("aria-label"); });
  }
  document.querySelectorAll("#content [data-simplebar]").forEach((part) => { part.dataset.simplebarAriaLabel = title; });
});

// The page is hidden until Unfold's scripts have run, so the browser's own autofocus comes too early.
document.addEventListener("alpine:initialized", () => setTimeout(() => {
  if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
}));

// If counting fails, load the page itself, which shows the error and retries.
document.addEventListener("htmx:responseError", (event) => {
  const address = event.target.dataset?.counting;
  if (address) location.assign(address);
});

// Django builds its multiple-choice widgets on load, with a label on an element whose role does not allow one.
window.addEventListener("load", () => setTimeout(() => {
  document.querySelectorAll(".help-tooltip").forEach((tip) => tip.setAttribute("role", "img"));
}));
