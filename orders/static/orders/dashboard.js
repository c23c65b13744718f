// Conveniences of the staff pages. Every page works without them.
"use strict";

// The server shows times in the person's own zone; it learns of it by this cookie.
document.cookie = "timezone=" + Intl.DateTimeFormat().resolvedOptions().timeZone + ";path=/;max-age=31536000;samesite=lax";

document.addEventListener("DOMContentLoaded", () => {
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
    "/": () => document.getElementById("search")?.focus() ?? location.assign(dialog.dataset.list),
    n: () => location.assign(dialog.dataset.create),
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

  // One click, one submission: the server would do it once all the same, but need not be asked twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

  const selectAll = document.querySelector("[data-select-all]");
  const selected = document.querySelector("[data-selected]");
  const boxes = Array.from(document.querySelectorAll("#bulk input[name=id]"));
  function showSelection() {
    const count = boxes.filter((box) => box.checked).length;
    selected.textContent = count ? String(count) : "";
    selectAll.checked = count > 0 && count === boxes.length;
    selectAll.indeterminate = count > 0 && count < boxes.length;
  }
  if (selectAll) {
    selectAll.addEventListener("change", () => {
      boxes.forEach((box) => { box.checked = selectAll.checked; });
      showSelection();
    });
    boxes.forEach((box) => box.addEventListener("change", showSelection));
    showSelection();
  }

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    });
  });
});
