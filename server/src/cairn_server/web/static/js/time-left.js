// SPDX-License-Identifier: Apache-2.0
/**
 * Counts on what the server said was left: minutes, and seconds in the last one. Reads it aloud three times and
 * not more. When it is over the page asks the server, which has the word.
 */
customElements.define("time-left", class extends HTMLElement {
  connectedCallback() {
    if (this.dataset.seconds === "") return
    // The clock of this machine may be wrong or changed: only how long the page has been open counts.
    this.end = performance.now() + Number(this.dataset.seconds) * 1000
    this.shown = this.querySelector("[data-shown]")
    this.said = this.querySelector("[data-said]")
    this.querySelector("[data-then]").hidden = true // from here on it is counted
    this.marks = [600, 300, 60].filter((mark) => mark < Number(this.dataset.seconds))
    this.timer = setInterval(() => this.count(), 1000)
    this.count()
  }

  disconnectedCallback() {
    clearInterval(this.timer)
  }

  count() {
    const seconds = Math.max(0, Math.round((this.end - performance.now()) / 1000))
    const words = seconds > 90
      ? this.dataset.minutes.replace("%s", Math.round(seconds / 60))
      : this.dataset.words.replace("%s", seconds)
    if (this.shown.textContent !== words) this.shown.textContent = words
    if (seconds <= this.marks[0]) {
      this.said.textContent = words
      while (seconds <= this.marks[0]) this.marks.shift()
    }
    if (seconds > 0) return
    clearInterval(this.timer)
    this.shown.textContent = this.said.textContent = this.dataset.over
    // Everything that is on the page goes along, in the seconds that a form may be late.
    const form = document.querySelector("answer-sheet")?.closest("form")
    if (!form) return location.reload()
    const word = Object.assign(document.createElement("input"), { type: "hidden", name: "do", value: "over" })
    form.append(word)
    form.submit()
  }
})
