// Paper is light, whatever the screen is.
const page = document.documentElement;
let onScreen;
addEventListener("beforeprint", () => {
  onScreen = page.dataset.theme;
  page.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  page.dataset.theme = onScreen;
});
