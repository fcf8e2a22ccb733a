// Makes what is shown like what was drawn anew, and leaves all else alone: focus, scroll, open details, selections.

const LISTENERS = ["onclick", "onsubmit", "onchange", "oninput", "ontoggle", "onkeydown"];
// What a person opens stays open, whatever the drawing says.
const THEIRS = new Set(["open"]);
const FIELDS = new Set(["INPUT", "SELECT"]);

/** Changes an element into another; custom elements (with a dash) get new `data` and look after themselves. */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
  } else if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else {
    const { value } = fresh; // before its options move over
    morphAttributes(old, fresh);
    for (const name of LISTENERS) if (old[name] !== fresh[name]) old[name] = fresh[name];
    if (old.nodeName.includes("-")) old.data = fresh.data;
    else morphChildren(old, fresh);
    morphValue(old, value);
  }
}

function morphAttributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes]) {
    if (!THEIRS.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!THEIRS.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

function morphValue(old, value) {
  // What is being typed is not taken away.
  if (FIELDS.has(old.nodeName) && old !== document.activeElement && old.value !== value) old.value = value;
}

function morphChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key && wanted.has(key)) keyed.set(key, child);
    else if (key) child.remove();
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const mine = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
    if (!mine) {
      old.insertBefore(child, at);
      continue;
    }
    if (mine === at) at = at.nextSibling;
    else old.insertBefore(mine, at);
    morph(mine, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function keyOf(node) {
  return node.dataset?.key;
}
