// The theme of the page, before its first paint: a small script that blocks, since the content policy allows none inline.
// What one chose is "light" or "dark" in the browser's own storage; without a choice the system decides.
// The switch is [data-theme-choice="auto|light|dark"] buttons; they are hidden until this script shows their group.
(() => {
  const KEY = "theme";
  const root = document.documentElement;

  function stored() {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "light" || theme === "dark" ? theme : "auto";
    } catch {
      return "auto"; // storage may be forbidden
    }
  }

  function apply(theme) {
    if (theme === "auto") delete root.dataset.bsTheme;
    else root.dataset.bsTheme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
  }

  function choose(theme) {
    try {
      if (theme === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme);
    } catch {
      // the choice holds for this page
    }
    apply(theme);
  }

  apply(stored());

  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) apply(stored());
  });

  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    for (const group of document.querySelectorAll("[data-theme-switch]")) group.hidden = false;
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-theme-choice]");
      if (button) choose(button.dataset.themeChoice);
      for (const menu of document.querySelectorAll(".menu[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of document.querySelectorAll(".menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  });
})();
