/* Visitors have no profile: the sign-in page follows their device. Runs before the first paint, so that nothing flashes. */
if (document.documentElement.hasAttribute("data-visitor") && matchMedia("(prefers-color-scheme: dark)").matches) {
  document.documentElement.dataset.bsTheme = "dark";
}
