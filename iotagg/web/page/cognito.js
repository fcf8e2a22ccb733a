// Signs in at a Cognito user pool, on its own pages: an authorization code with PKCE, so that no secret is kept here.
// Tokens are kept as long as the tab. What a question is sent with is the ID token; the other one only brings new ones.

import { token } from "./api.js";

const LEAVING = "iotagg-leaving"; // what is known of who leaves for the pool's pages, until they are back
const SESSION = "iotagg-cognito"; // how they signed in, and what brings a new token
const BYTES = 32;

const home = () => `${location.origin}/`;
const beside = (way, name) => new URL(name, way.token).href;

/** Goes to the pool's pages, from which one comes back to what is shown now. */
export async function leave(way) {
  const [state, verifier] = [random(), random()];
  const back = location.pathname + location.search;
  sessionStorage.setItem(LEAVING, JSON.stringify({ way, state, verifier, back }));
  const asked = new URLSearchParams({
    response_type: "code", client_id: way.client, redirect_uri: home(), scope: way.scopes.join(" "),
    state, code_challenge: await challenge(verifier), code_challenge_method: "S256",
  });
  location.assign(`${way.authorize}?${asked}`);
}

/** Takes what the pool's pages have sent one back with. Returns why it does not sign in, "" where all is well. */
export async function comeBack() {
  const given = new URLSearchParams(location.search);
  const left = JSON.parse(sessionStorage.getItem(LEAVING) ?? "null");
  if (!left || location.pathname !== "/" || !(given.has("code") || given.has("error"))) return "";
  sessionStorage.removeItem(LEAVING); // a code is good for once, and so is what goes with it
  history.replaceState(null, "", given.get("state") === left.state ? left.back : "/");
  if (given.get("state") !== left.state) return "That answer is not to what was asked here: sign in again.";
  if (given.has("error")) return `The sign-in was refused: ${given.get("error_description") ?? given.get("error")}`;
  const found = await tokens(left.way, {
    grant_type: "authorization_code", code: given.get("code"), redirect_uri: home(), code_verifier: left.verifier,
  });
  return found ? "" : "The sign-in did not come to its end: sign in again.";
}

/** Brings a new token where the old one has expired. Returns whether there is one. */
export async function renew() {
  const kept = session();
  if (!kept?.refresh) return false;
  sessionStorage.removeItem(SESSION); // one that is refused is not tried again and again
  return tokens(kept.way, { grant_type: "refresh_token", refresh_token: kept.refresh }, kept.refresh);
}

/** Signs out here and at the pool, whose page then leads back. Returns false for who did not sign in so. */
export async function signOut() {
  const kept = session();
  if (!kept) return false;
  sessionStorage.removeItem(SESSION);
  token.set(null);
  if (kept.refresh) await posted(beside(kept.way, "revoke"), { token: kept.refresh, client_id: kept.way.client }).catch(() => null);
  const asked = new URLSearchParams({ client_id: kept.way.client, logout_uri: home() });
  location.assign(`${beside(kept.way, "/logout")}?${asked}`);
  return true;
}

function session() {
  return JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
}

async function tokens(way, asked, refresh = null) {
  const response = await posted(way.token, { ...asked, client_id: way.client }).catch(() => null);
  const body = response?.ok ? await response.json() : null;
  if (!body?.id_token) return false;
  token.set(body.id_token);
  sessionStorage.setItem(SESSION, JSON.stringify({ way, refresh: body.refresh_token ?? refresh }));
  return true;
}

function posted(url, fields) {
  return fetch(url, { method: "POST", body: new URLSearchParams(fields), credentials: "omit", cache: "no-store" });
}

function random() {
  return encoded(crypto.getRandomValues(new Uint8Array(BYTES)));
}

async function challenge(verifier) {
  return encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

function encoded(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
