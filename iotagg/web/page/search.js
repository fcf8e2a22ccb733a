// The search box: two addresses are a pair, one is a device, wherever it was seen.

import { ask } from "./api.js";
import { h, plain } from "./elements.js";
import { go } from "./router.js";
import { deviceAddress, pairAddress } from "./links.js";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const IPV6 = /^[0-9a-fA-F:.]{2,45}$/;
const HOW = "Write a whole IP address, such as 192.0.2.17 or 2001:db8::17; or two of them: source, then destination.";
const MOST_SITES = 50;

/** Lets the box find what is typed; "/" goes there. */
export function begin() {
  const form = document.getElementById("search");
  const field = document.getElementById("search-text");
  form.onsubmit = async (event) => {
    event.preventDefault();
    const found = await find(field.value);
    if (found === null) field.value = ""; // it led somewhere
    say(found);
  };
  field.oninput = () => say(null);
  field.onkeydown = (event) => {
    if (event.key === "Escape") say(null);
  };
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) say(null);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    field.focus();
  });
}

function say(found) {
  document.getElementById("search-found").replaceChildren(...(found ? [found] : []));
}

async function find(text) {
  const words = text.trim().split(/[\s,>→]+/).filter((word) => word && word !== "-");
  if (!words.length) return null;
  if (words.length > 2 || !words.every(isAddress)) return h("p", {}, HOW);
  if (words.length === 2) return go(pairAddress(...words)).then(() => null);
  try {
    return await findDevice(words[0]);
  } catch (problem) {
    return h("p", {}, plain(problem.message));
  }
}

function isAddress(word) {
  return IPV4.test(word) || (IPV6.test(word) && word.includes(":") && URL.canParse(`http://[${word}]/`));
}

async function findDevice(device) {
  const { sites } = await ask(["status"]);
  const asked = sites.slice(0, MOST_SITES).map(async (site) => ((await knows(site, device)) ? site : null));
  const found = (await Promise.all(asked)).filter(Boolean);
  if (!found.length) return h("p", {}, `No device ${device} was seen.`);
  if (found.length === 1) return go(deviceAddress(found[0], device)).then(() => null);
  const links = found.map((site) => h("li", {}, h("a", { href: deviceAddress(site, device), onclick: () => say(null) }, `${device} at ${site}`)));
  return h("div", {}, h("p", {}, "It is a device at each of these sites:"), h("ul", {}, links));
}

async function knows(site, device) {
  for (const part of ["peers", "sources"]) {
    const answer = await ask(["sites", site, "devices", device, part], { limit: 1 }).catch((problem) => {
      if (problem.status !== 404) throw problem;
      return { items: [] };
    });
    if (answer.items.length) return true;
  }
  return false;
}
