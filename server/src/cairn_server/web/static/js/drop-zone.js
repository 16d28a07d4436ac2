// SPDX-License-Identifier: Apache-2.0
/** Makes a file input accept a dropped file; with data-submit the form is sent at once. */
customElements.define("drop-zone", class extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]")
    for (const name of ["dragenter", "dragover"]) this.addEventListener(name, (event) => this.hover(event, true))
    for (const name of ["dragleave", "drop"]) this.addEventListener(name, (event) => this.hover(event, false))
    this.addEventListener("drop", (event) => this.take(event.dataTransfer.files))
    if (this.hasAttribute("data-submit")) this.input.addEventListener("change", () => this.send())
  }

  hover(event, over) {
    event.preventDefault()
    this.classList.toggle("drop-zone--over", over)
  }

  take(files) {
    if (!files.length) return
    this.input.files = files
    this.input.dispatchEvent(new Event("change", { bubbles: true }))
  }

  send() {
    if (this.input.files.length) this.input.form.requestSubmit()
  }
})
