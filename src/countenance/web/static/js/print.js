// SPDX-License-Identifier: Apache-2.0
// Buttons with data-print print the page.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
