// Runs before anything is drawn: who chose a theme is not to see the other one flash by.
{
  const kept = localStorage.getItem("iotagg-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  if (localStorage.getItem("iotagg-exact") === "yes") document.documentElement.dataset.exact = "yes";
}
