// <upload-desk>: takes files by drag-and-drop or a button, sends them one after the other, and tells of each.

import { Problem } from "./api.js";
import { h, named, plain } from "./elements.js";
import { stateOf } from "./files.js";
import { count } from "./numbers.js";
import { sendFile } from "./send_file.js";

const SITE = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

class UploadDesk extends HTMLElement {
  #waiting = [];
  #busy = false;

  connectedCallback() {
    if (this.firstElementChild) return;
    this.site = h("input", { id: "upload-site", list: "known-sites", value: this.data.sites[0] ?? "default", required: true, pattern: SITE.source.slice(1, -1), maxlength: 64, spellcheck: "false", autocapitalize: "off" });
    this.known = h("datalist", { id: "known-sites" }, this.data.sites.map((site) => h("option", { value: site })));
    this.files = h("input", { id: "upload-files", type: "file", multiple: true, accept: ".csv,.gz,.csv.gz,text/csv,application/gzip", onchange: () => this.#take(this.files.files) });
    this.list = h("ul", { class: "sendings", "aria-label": "Files sent" });
    this.news = h("p", { class: "news", role: "alert" });
    const place = h("div", { class: "drop card" },
      h("div", { class: "filters" }, h("label", {}, h("span", {}, "Site"), this.site), this.known),
      h("p", { class: "lead" }, "Drop flow CSVs here"), h("label", { class: "button first", for: "upload-files" }, "Choose files"), this.files, this.news);
    dropping(place, (files) => this.#take(files));
    this.replaceChildren(place, this.list);
  }

  #take(files) {
    const site = this.site.value.trim();
    this.news.textContent = SITE.test(site) ? "" : "A site is named by letters, digits, dot, dash and underscore.";
    if (this.news.textContent) return this.site.focus();
    for (const file of files) this.#add(site, file);
    this.files.value = ""; // the same file may be chosen again
    return this.#work();
  }

  #add(site, file) {
    const sending = { site, file, cancel: null, row: h("li", { class: "card" }) };
    this.list.append(sending.row);
    this.#waiting.push(sending);
    this.#tell(sending, h("span", { class: "soft" }, "waits"), this.#button(sending, "Cancel", () => this.#drop(sending)));
  }

  #drop(sending) {
    this.#waiting = this.#waiting.filter((each) => each !== sending);
    this.#over(sending, "Not sent.");
  }

  // One at a time: the store counts them one at a time, too.
  async #work() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#waiting.length) await this.#send(this.#waiting.shift());
    this.#busy = false;
  }

  async #send(sending) {
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${plain(sending.file.name)}` });
    const said = h("span", { class: "soft" }, "sends");
    const stop = new AbortController();
    this.#tell(sending, [bar, said], this.#button(sending, "Cancel", () => stop.abort()));
    try {
      const progress = (part) => {
        bar.value = part;
        said.textContent = part < 1 ? `${Math.floor(part * 100)} %` : "is counted";
      };
      this.#counted(sending, await sendFile(sending.site, sending.file, progress, stop.signal));
    } catch (problem) {
      this.#over(sending, problem.name === "AbortError" ? cancelled(bar.value) : plain(problem.message));
      if (!(problem instanceof Problem) && problem.name !== "AbortError") console.error(problem);
    }
  }

  #counted(sending, outcome) {
    if (!outcome) return this.#tell(sending, [stateOf("pending"), " was sent; the workers count it"], null);
    const state = outcome.state === "already counted" ? "counted" : outcome.state;
    const figures = outcome.counted === null ? "" : ` ${count(outcome.counted)} flows, ${count(outcome.rejected)} rejected`;
    const again = outcome.state === "already counted" ? " already;" : "";
    return this.#tell(sending, [stateOf(state), again, figures, outcome.reason ? h("p", { class: "reason" }, plain(outcome.reason)) : null], null);
  }

  #over(sending, reason) {
    this.#tell(sending, [stateOf("refused"), h("p", { class: "reason", role: "alert" }, reason)], this.#button(sending, "Send again", () => {
      this.#waiting.push(sending);
      this.#work();
    }));
  }

  #tell(sending, state, button) {
    const name = h("div", { class: "file" }, named(sending.file.name, { class: "path" }), h("span", { class: "soft" }, sending.site));
    sending.row.replaceChildren(name, h("div", { class: "sending", role: "status" }, state), ...(button ? [button] : []));
  }

  #button(sending, text, onclick) {
    return h("button", { type: "button", class: "quiet", onclick, "aria-label": `${text} ${plain(sending.file.name)}` }, text);
  }
}

// What was sent whole may be counted all the same.
function cancelled(part) {
  return part < 1 ? "Cancelled: nothing of it was counted." : "Cancelled when it was sent already; Files tells whether it was counted.";
}

function dropping(place, take) {
  const over = (event, is) => {
    event.preventDefault();
    place.classList.toggle("over", is);
  };
  place.addEventListener("dragover", (event) => over(event, true));
  place.addEventListener("dragleave", (event) => over(event, false));
  place.addEventListener("drop", (event) => {
    over(event, false);
    take(event.dataTransfer.files);
  });
}

customElements.define("upload-desk", UploadDesk);

/** Returns a desk that knows some sites. */
export function uploadDesk(data) {
  const element = document.createElement("upload-desk");
  element.data = data;
  return element;
}
