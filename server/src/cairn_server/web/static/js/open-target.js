// SPDX-License-Identifier: Apache-2.0
/** Opens the answer that the address points to, and every answer for the printer. */
const open = () => {
  const part = document.getElementById(location.hash.slice(1))
  if (part instanceof HTMLDetailsElement) {
    part.open = true
    part.querySelector("summary").focus()
  }
}
addEventListener("hashchange", open)
open()
// A second press on the same link changes no address.
document.addEventListener("click", (event) => {
  if (event.target.closest?.(`a[href="${location.hash}"]`)) open()
})
let closed = []
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("main .result:not([open])")]
  for (const part of closed) part.open = true
})
addEventListener("afterprint", () => {
  for (const part of closed) part.open = false
})
