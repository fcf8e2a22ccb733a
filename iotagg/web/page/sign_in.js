// Asks who it is where the server wants to know. A token is kept as long as the tab, and no longer.

import { ask, Problem, token } from "./api.js";
import * as cognito from "./cognito.js";
import { h, plain } from "./elements.js";
import { refresh, whenShown } from "./router.js";
import { start } from "./live.js";
import { failed } from "./states.js";

// How one signs in, by the kind that /v1/sign-in names; another kind comes with a function of its own here.
const KINDS = { token: byToken, none: byToken, cognito: byCognito };
let open = false;
let refused = ""; // why somebody came back from the pool's pages without a token

/** Looks out for answers that say: not without signing in. */
export async function begin() {
  refused = await cognito.comeBack();
  whenShown((problem) => {
    if (problem?.status === 401) signIn(problem);
    else if (!problem) showWho();
  });
}

async function signIn(problem) {
  if (open) return;
  open = true;
  if (await cognito.renew()) {
    open = false;
    refresh();
    start();
    return;
  }
  const had = token.get() !== null;
  const worked = sessionStorage.getItem("iotagg-worked") === "yes";
  token.set(null);
  try {
    const way = await ask(["sign-in"]).catch(() => ({ kind: "token" }));
    const how = KINDS[way.kind];
    if (!how) return unknown(way.kind);
    const news = !had ? "" : worked ? "Your token is valid no more: it expired, or was taken back." : `That token is wrong: ${problem.message}`;
    return how(news, way);
  } finally {
    open = document.querySelector("dialog.sign-in") !== null;
  }
}

function unknown(kind) {
  const lacks = new Problem(401, "You cannot sign in here", `This server signs people in by '${kind}', which this page does not know; load the page again, or ask whoever runs the server.`);
  document.getElementById("main").replaceChildren(failed(lacks, refresh));
}

function byToken(news) {
  const field = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false", "aria-describedby": "sign-in-news" });
  const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "sign-in-title" }, "Sign in"),
      h("p", {}, "This server tells its figures to those who have a token. It is kept until you close this tab."),
      h("label", { for: "token" }, "Token"), field,
      h("p", { id: "sign-in-news", class: "news", role: news ? "alert" : null }, plain(news)),
      h("p", { class: "actions" }, h("button", { class: "first" }, "Sign in"))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    open = false;
    if (!field.value.trim()) return;
    token.set(field.value.trim());
    sessionStorage.removeItem("iotagg-worked");
    refresh();
    start();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function byCognito(news, way) {
  const said = refused || (news && "You are signed in no more.");
  refused = "";
  const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "sign-in-title" }, "Sign in"),
      h("p", {}, "Who may look here is kept in a user pool; its page asks for your password. You stay signed in until you close this tab."),
      h("p", { id: "sign-in-news", class: "news", role: said ? "alert" : null }, plain(said)),
      h("p", { class: "actions" }, h("button", { class: "first" }, "Sign in"))));
  dialog.addEventListener("close", () => {
    dialog.remove();
    open = false;
    cognito.leave(way);
  });
  document.body.append(dialog);
  dialog.showModal();
}

async function showWho() {
  if (token.get() === null) return;
  sessionStorage.setItem("iotagg-worked", "yes");
  const place = document.getElementById("who");
  if (place.childElementCount) return;
  const me = await ask(["me"]).catch(() => null);
  place.replaceChildren(me ? `${plain(me.name)} ` : "", h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out"));
}

async function signOut() {
  if (await cognito.signOut()) return;
  token.set(null);
  document.getElementById("who").replaceChildren();
  document.getElementById("main").replaceChildren(); // who comes next is not to see it
  refresh();
  start();
}
