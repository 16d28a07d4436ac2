// SPDX-License-Identifier: Apache-2.0
/** Tells the server that something inside was shared: that it was, and nothing about who did it. */
customElements.define("share-counter", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      if (!event.target.closest("a[data-share], [data-share] button")) return
      // keepalive: also when the click leads to another site.
      fetch(this.dataset.to, { method: "POST", credentials: "omit", keepalive: true }).catch(() => {})
    })
  }
})
