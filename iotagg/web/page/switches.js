// The two switches of the bar: light or dark, and all digits or as people read them.

const THEMES = { system: "◐", light: "☀", dark: "☾" };
const root = document.documentElement;

/** Lets both switches work, and shows how they stand. */
export function begin() {
  const theme = document.getElementById("theme");
  const exact = document.getElementById("exact");
  theme.onclick = () => {
    const names = Object.keys(THEMES);
    setTheme(names[(names.indexOf(root.dataset.theme ?? "system") + 1) % names.length]);
    showTheme(theme);
  };
  exact.onclick = () => {
    if (root.dataset.exact) delete root.dataset.exact;
    else root.dataset.exact = "yes";
    localStorage.setItem("iotagg-exact", root.dataset.exact ?? "no");
    exact.setAttribute("aria-pressed", String(Boolean(root.dataset.exact)));
  };
  exact.setAttribute("aria-pressed", String(Boolean(root.dataset.exact)));
  exact.setAttribute("aria-label", "Exact: show all digits");
  showTheme(theme);
}

function setTheme(name) {
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  localStorage.setItem("iotagg-theme", name);
  document.dispatchEvent(new Event("theme"));
}

function showTheme(button) {
  const name = root.dataset.theme ?? "system";
  button.textContent = `${THEMES[name]} Theme`;
  button.title = `Theme: ${name}`;
  button.setAttribute("aria-label", `Theme: ${name}. Change`);
}
