// SPDX-License-Identifier: Apache-2.0
/** Says that a form is being worked on, and sends it once; without scripts the browser shows that it waits. */
customElements.define("busy-form", class extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form")
    form.addEventListener("submit", (event) => {
      if (form.ariaBusy === "true") return event.preventDefault()
      form.ariaBusy = "true"
      const files = form.querySelector("input[type=file]")?.files.length ?? 0
      this.textContent = files > 1 ? this.dataset.many.replace("%s", files) : this.dataset.one
    })
    // Back from the answer, the form is there to be used again.
    addEventListener("pageshow", () => {
      form.ariaBusy = null
      this.textContent = ""
    })
  }
})
