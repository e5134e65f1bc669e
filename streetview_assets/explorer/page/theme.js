/** Dark or light, as the system has it until a person chooses; kept while the tab is open. */

const KEY = 'theme';

/** Whether the page is dark. */
export const isDark = () => document.documentElement.dataset.theme === 'dark';

/** Goes from dark to light, or back. */
export function chooseTheme() {
  const name = isDark() ? 'light' : 'dark';
  sessionStorage.setItem(KEY, name);
  document.documentElement.dataset.theme = name;
}

document.documentElement.dataset.theme = sessionStorage.getItem(KEY) ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
