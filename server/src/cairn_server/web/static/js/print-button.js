// SPDX-License-Identifier: Apache-2.0
/** Shows its button, which prints the page; without scripts the browser's own menu does. */
customElements.define("print-button", class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button")
    button.hidden = false
    button.addEventListener("click", () => window.print())
  }
})
