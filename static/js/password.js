/* May I see what I typed? Every password field gets a button that shows it. */

const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0];

function makeButton(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet button-icon";
  button.setAttribute("aria-label", "Show the password");
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  button.append(makeIcon("eye"));
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
  return button;
}

function makeIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

for (const input of document.querySelectorAll('.field input[type="password"]')) {
  const frame = document.createElement("div");
  frame.className = "password-frame";
  input.replaceWith(frame);
  frame.append(input, makeButton(input));
  if (input.autofocus) input.focus();
  // Sent as a password again, so that browsers offer to keep it and never to complete it as text.
  input.form.addEventListener("submit", () => {
    input.type = "password";
  });
}
