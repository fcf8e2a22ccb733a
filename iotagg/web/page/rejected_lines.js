// <rejected-lines>: the lines of a file that were not counted, asked for when they are opened.

import { ask } from "./api.js";
import { h, plain } from "./elements.js";
import { table } from "./table.js";

const PER_PAGE = 50;
const COLUMNS = [
  { head: "Line", figures: true, cell: (row) => row.line },
  { head: "Reason", cell: (row) => plain(row.reason) },
  { head: "Text", cell: (row) => h("bdi", { class: "path" }, plain(row.text)) },
];

class RejectedLines extends HTMLElement {
  #rows = [];
  #next = null;
  #begun = false;

  connectedCallback() {
    this.closest("details").addEventListener("toggle", () => this.#begun || this.#more());
  }

  async #more() {
    this.#begun = true;
    const { site, contribution } = this.data;
    try {
      const answer = await ask(["sites", site, "files", contribution, "rejects"], { limit: PER_PAGE, cursor: this.#next });
      this.#rows.push(...answer.items);
      this.#next = answer.next;
      this.replaceChildren(table(`Rejected lines of ${plain(this.data.file)}`, COLUMNS, this.#rows, (row) => row.line, { hide: true }), this.#button());
    } catch (problem) {
      this.#begun = false; // opened again, it asks again
      this.replaceChildren(h("p", { class: "reason", role: "alert" }, plain(problem.message)));
    }
  }

  #button() {
    return this.#next ? h("button", { type: "button", onclick: () => this.#more() }, "More lines") : "";
  }
}

customElements.define("rejected-lines", RejectedLines);

/** Returns the place where a file's rejected lines will be. */
export function rejectedLines(file) {
  const element = document.createElement("rejected-lines");
  element.data = file;
  return element;
}
