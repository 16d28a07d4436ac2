// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a file input accept a dropped file; with data-submit that sends the form. A file that is only chosen
 * waits for the button: a choice in a field must not lead away from the page (WCAG 3.2.2).
 */
customElements.define("drop-zone", class extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]")
    for (const name of ["dragenter", "dragover"]) this.addEventListener(name, (event) => this.hover(event, true))
    for (const name of ["dragleave", "drop"]) this.addEventListener(name, (event) => this.hover(event, false))
    this.addEventListener("drop", (event) => this.take(event.dataTransfer.files))
  }

  hover(event, over) {
    event.preventDefault()
    this.classList.toggle("drop-zone--over", over)
  }

  take(files) {
    if (!files.length) return
    this.input.files = files
    this.input.dispatchEvent(new Event("change", { bubbles: true }))
    if (this.hasAttribute("data-submit")) this.input.form.requestSubmit()
  }
})
