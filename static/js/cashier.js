/* The cashier: the amount is selected, follows the ticks until another is typed, and a digit chooses the means. */
(() => {
  "use strict";
  const form = document.querySelector("#take");
  const given = document.querySelector("#id_given");
  if (!form || !given) return;

  const free = !document.querySelector("[data-focus]");
  if (free) {
    given.focus();
    given.select();
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "due") return;
    const was = form.querySelector("[name=was]");
    if (was && was.dataset.new) given.value = was.value;
  });

  document.addEventListener("keydown", (event) => {
    // Enter in an amount adds up; only F8, F9 and the buttons take money.
    if (event.key === "Enter" && event.target.matches("#take input.num")) {
      event.preventDefault();
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    const typing = event.target.matches("input:not([type=checkbox]):not([type=radio]),textarea,select");
    if (event.ctrlKey || event.metaKey || (typing && !event.altKey)) return;
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code);
    if (!digit || document.querySelector("dialog[open]")) return;
    const radio = form.querySelectorAll("[name=method]")[Number(digit[1]) - 1];
    event.preventDefault();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    given.focus();
    given.select();
  });
})();
