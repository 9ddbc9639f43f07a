// Sets the chosen theme before the first paint, so that nothing flashes. Loaded in the head, not deferred.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage is off: the device decides */ }
