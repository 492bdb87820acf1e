// Dark or light: what the reader chose before, else what the system says.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* a browser that stores nothing for files */ }
  const show = () => {
    const dark = (chosen ?? (system.matches ? "dark" : "light")) === "dark";
    root.dataset.theme = dark ? "dark" : "light";
    button.textContent = page.words[dark ? "light" : "dark"];
    button.setAttribute("aria-label", `${page.words.theme}: ${button.textContent}`);
  };
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", chosen); } catch { /* as above */ }
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
})();
