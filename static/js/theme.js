/* Light or dark? Loaded in the head, not as a module, so that the first paint is already right. */

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const readChoice = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be switched off: the system's choice holds
    }
  };

  const keepChoice = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      /* the choice lasts for this page */
    }
  };

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const showState = () => {
    for (const button of document.querySelectorAll("[data-toggles-theme]")) {
      button.setAttribute("aria-pressed", String(isDark()));
    }
  };

  // Choosing what the system has anyway means: follow the system again.
  const toggle = () => {
    const theme = isDark() ? "light" : "dark";
    const isSystems = (theme === "dark") === system.matches;
    if (isSystems) delete root.dataset.theme;
    else root.dataset.theme = theme;
    keepChoice(isSystems ? null : theme);
    showState();
  };

  root.classList.add("js");
  const choice = readChoice();
  if (choice === "light" || choice === "dark") root.dataset.theme = choice;

  document.addEventListener("DOMContentLoaded", showState);
  system.addEventListener("change", showState);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toggles-theme]")) toggle();
  });
})();
