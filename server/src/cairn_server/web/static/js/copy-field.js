// SPDX-License-Identifier: Apache-2.0
/** Puts a "Copy" button beside a value that can also be selected by hand. */
customElements.define("copy-field", class extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard || this.querySelector("button")) return
    const value = this.querySelector("code")
    const button = document.createElement("button")
    button.type = "button"
    button.className = "button button--secondary"
    button.textContent = this.dataset.copy
    const said = document.createElement("span")
    said.className = "unseen"
    said.setAttribute("role", "status")
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(value.textContent)
      button.textContent = this.dataset.copied
      said.textContent = this.dataset.copied
      setTimeout(() => {
        button.textContent = this.dataset.copy
        said.textContent = ""
      }, 2000)
    })
    value.after(button)
    this.append(said)
  }
})
