/* Do the viewers of the API document follow the theme of our pages? After theme.js, before the viewers themselves. */

(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  // Swagger UI has a dark look of its own, under this class.
  const follow = () => root.classList.toggle("dark-mode", isDark());
  follow();
  system.addEventListener("change", follow);

  // ReDoc takes colours once, when it starts.
  const viewer = document.querySelector("redoc");
  if (!viewer || !isDark()) return;
  const [wall, panel, recess, ink, soft, line] = ["#141517", "#1d1f22", "#101113", "#f0eeea", "#b3afa7", "#33363b"];
  const tones = {
    success: { color: "#84d3a5", backgroundColor: "#1b3126", tabTextColor: "#84d3a5" },
    error: { color: "#ff9a97", backgroundColor: "#3d1f20", tabTextColor: "#ff9a97" },
    redirect: { color: "#f0c274", backgroundColor: "#382c14", tabTextColor: "#f0c274" },
    info: { color: "#9db2ff", backgroundColor: "#232a45", tabTextColor: "#9db2ff" },
  };
  const theme = {
    colors: {
      primary: { main: "#9db2ff" },
      success: { main: "#84d3a5" },
      warning: { main: "#f0c274" },
      error: { main: "#ff9a97" },
      text: { primary: ink, secondary: soft },
      border: { dark: line, light: line },
      responses: tones,
      gray: { 50: panel, 100: line },
    },
    schema: { nestedBackground: panel, linesColor: line, typeNameColor: soft, typeTitleColor: ink, requireLabelColor: "#ff9a97" },
    sidebar: { backgroundColor: panel, textColor: ink, activeTextColor: "#9db2ff" },
    rightPanel: { backgroundColor: recess, textColor: ink, servers: { overlay: { backgroundColor: wall, textColor: ink }, url: { backgroundColor: panel } } },
    codeBlock: { backgroundColor: wall },
    typography: { code: { color: "#ff9a97", backgroundColor: panel }, links: { color: "#9db2ff", visited: "#9db2ff", hover: "#bccaff" } },
  };
  viewer.setAttribute("theme", JSON.stringify(theme));
})();
