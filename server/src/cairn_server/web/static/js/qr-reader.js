// SPDX-License-Identifier: Apache-2.0
/**
 * Reads a link out of a QR code in front of the camera into a field of the form. Without a camera, without
 * permission and without scripts the page has its other ways, and this one does not show.
 *
 * Pictures stay in the browser. Only an https address is taken, or one of this very server (B121): whatever
 * else a code may hold, a program to run or a payment to make, is refused here and never opened.
 */
const EVERY = 150 // milliseconds between two looks
const WIDEST = 960 // pixels; a code that fills a third of this can be read

customElements.define("qr-reader", class extends HTMLElement {
  connectedCallback() {
    if (!navigator.mediaDevices?.getUserMedia) return
    this.opener = this.querySelector("[data-open]")
    this.closer = this.querySelector("[data-close]")
    this.view = this.querySelector("[data-view]")
    this.said = this.querySelector("[role=status]")
    this.video = this.querySelector("video")
    this.hidden = false
    this.opener.addEventListener("click", () => this.open())
    this.closer.addEventListener("click", () => this.close(this.dataset.closed))
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.stream && this.close(this.dataset.closed))
    addEventListener("pagehide", () => this.stop())
  }

  disconnectedCallback() {
    this.stop()
  }

  async open() {
    this.opener.hidden = true
    this.say(this.dataset.asking)
    try {
      this.read = await this.reader()
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false })
    } catch {
      return this.close(this.dataset.denied)
    }
    this.video.srcObject = this.stream
    this.view.hidden = false
    this.closer.focus()
    this.say(this.dataset.looking)
    await this.video.play().catch(() => {})
    this.look()
  }

  stop() {
    clearTimeout(this.timer)
    this.stream?.getTracks().forEach((track) => track.stop())
    this.stream = null
  }

  close(words) {
    this.stop()
    this.view.hidden = true
    this.opener.hidden = false
    this.opener.focus()
    this.say(words)
  }

  say(words) {
    this.said.textContent = words ?? ""
  }

  async look() {
    if (!this.stream) return
    const text = this.video.readyState >= 2 ? await this.read(this.video).catch(() => "") : ""
    if (text) this.take(text)
    if (this.stream) this.timer = setTimeout(() => this.look(), EVERY)
  }

  /** The browser's own reader where there is one, else the one that we bring. */
  async reader() {
    if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
      const detector = new BarcodeDetector({ formats: ["qr_code"] })
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? ""
    }
    if (!window.jsQR) await this.load(this.dataset.decoder)
    const canvas = document.createElement("canvas")
    const pen = canvas.getContext("2d", { willReadFrequently: true })
    return async (video) => {
      const scale = Math.min(1, WIDEST / video.videoWidth)
      canvas.width = Math.round(video.videoWidth * scale)
      canvas.height = Math.round(video.videoHeight * scale)
      pen.drawImage(video, 0, 0, canvas.width, canvas.height)
      const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height)
      return window.jsQR(data, width, height)?.data ?? ""
    }
  }

  load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script")
      script.src = address
      script.onload = done
      script.onerror = failed
      document.head.append(script)
    })
  }

  take(text) {
    const link = URL.canParse(text) ? new URL(text) : null
    const fetched = link?.protocol === "https:" || link?.origin === location.origin
    if (!fetched || link.username || text.length > 2000) return this.say(this.dataset.other)
    const field = document.getElementById(this.dataset.field)
    field.value = text
    this.stop()
    this.view.hidden = true
    this.opener.hidden = false
    field.focus()
    this.say(this.dataset.found.replace("%s", link.host))
  }
})
