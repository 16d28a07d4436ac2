// SPDX-License-Identifier: Apache-2.0
/**
 * Saves each answer as it is given, one question at a time. Without scripts the buttons of the form save all of
 * it; what this sends is the same fields, so the server does not know the difference.
 */
customElements.define("answer-sheet", class extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form")
    this.state = this.querySelector("[data-state]")
    this.waiting = new Map()
    this.busy = false
    this.addEventListener("change", (event) => this.later(event.target.closest("fieldset"), 0))
    this.addEventListener("input", (event) => this.later(event.target.closest("fieldset"), 900))
  }

  later(question, delay) {
    if (!question) return
    clearTimeout(this.waiting.get(question))
    this.waiting.set(question, setTimeout(() => this.send(), delay))
  }

  /** What the page said of an answer is not about the new one. */
  settle(question) {
    question.querySelector(".field__error")?.remove()
    question.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid")
    question.classList.remove("field--wrong")
  }

  /** One request at a time, each with all that waits: an older answer can never overtake a newer one. */
  async send() {
    if (this.busy || !this.waiting.size) return
    this.busy = true
    const questions = [...this.waiting.keys()]
    questions.forEach((each) => clearTimeout(this.waiting.get(each)))
    this.waiting.clear()
    const fields = new FormData()
    fields.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value)
    const names = new Set(questions.flatMap((each) => [...each.querySelectorAll("input")].map((one) => one.name)))
    for (const question of questions) fields.append("asked", question.querySelector("[name=asked]").value)
    for (const [name, value] of new FormData(this.form)) {
      if (name !== "asked" && names.has(name)) fields.append(name, value)
    }
    this.state.textContent = this.dataset.saving
    try {
      const answer = await fetch(this.dataset.save, { method: "POST", body: fields, keepalive: true })
      // Over, handed in elsewhere, or signed out: the page itself says which.
      if (answer.redirected || (!answer.ok && answer.status !== 422)) {
        if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status)
        return location.reload()
      }
      const said = await answer.json()
      this.state.textContent = Object.values(said.errors)[0] ?? this.dataset.saved
      for (const question of questions) this.settle(question)
    } catch {
      this.state.textContent = this.dataset.lost
      questions.forEach((each) => this.waiting.has(each) || this.later(each, 5000))
    }
    this.busy = false
    if (this.waiting.size) setTimeout(() => this.send(), 500)
  }
})
