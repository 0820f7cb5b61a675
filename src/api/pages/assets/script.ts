/**
 * The only script of the dashboard: the theme switch, live updates, settings, and the banner while the meter does not answer.
 * Every page can be read without it; settings then name the command that changes them.
 *
 * Live: an event says that something was recorded; the page then fetches itself and puts the parts marked `data-live` in place,
 * at most every two seconds, never while somebody types or marks text in them. When the stream breaks it is opened again
 * every two seconds, and the page catches up with the first answer.
 *
 * Text in a module, so that the compiled program carries it.
 *
 * @module
 */

/** `/assets/app.js`. */
export const SCRIPT = `"use strict";
(() => {
  const root = document.documentElement;
  const KEY = "halton-meter-theme";
  const read = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  show(read());

  const QUIET_MS = 2000;
  let timer = 0;
  let latest = 0;
  let loading = false;
  let broken = false;

  function themeSwitch() {
    const button = document.getElementById("theme");
    if (button === null) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const current = () => root.dataset.theme ?? (dark.matches ? "dark" : "light");
    const label = () => { button.textContent = current() === "dark" ? "Light theme" : "Dark theme"; };
    button.hidden = false;
    label();
    dark.addEventListener("change", label);
    button.addEventListener("click", () => {
      const next = current() === "dark" ? "light" : "dark";
      try { localStorage.setItem(KEY, next); } catch { /* The choice then lasts for this page. */ }
      show(next);
      label();
    });
  }

  function state(kind, text) {
    const dot = document.getElementById("live-dot");
    const label = document.getElementById("live-text");
    if (dot !== null) dot.className = "dot " + kind;
    if (label !== null) label.textContent = text;
  }

  function busy(part) {
    const focus = document.activeElement;
    if (focus !== null && part.contains(focus) && /^(INPUT|SELECT|TEXTAREA)$/.test(focus.tagName)) return true;
    const selection = getSelection();
    return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  function replace(part, fresh) {
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
    const links = [...part.querySelectorAll("a, button, summary, [tabindex]")];
    const focused = links.indexOf(document.activeElement);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((each, i) => { each.open = open[i] ?? each.open; });
    part.querySelectorAll(".scroll").forEach((each, i) => { each.scrollLeft = scrolled[i] ?? 0; });
    if (focused >= 0) part.querySelectorAll("a, button, summary, [tabindex]")[focused]?.focus({ preventScroll: true });
  }

  async function refresh() {
    if (loading) return;
    if (document.hidden) return;
    loading = true;
    latest = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(part.id);
        if (fresh !== null && !busy(part)) replace(part, fresh);
      }
      restored();
    } catch {
      lost();
    } finally {
      loading = false;
    }
  }

  function soon() {
    if (timer !== 0) return;
    const wait = Math.max(0, QUIET_MS - (Date.now() - latest));
    timer = setTimeout(() => { timer = 0; refresh(); }, wait);
  }

  function lost() {
    state("off", "Not answering");
    if (broken) return;
    broken = true;
    const banner = document.getElementById("offline");
    const since = document.getElementById("offline-since");
    if (since !== null) since.textContent = new Date().toLocaleTimeString([], { hour12: false });
    if (banner !== null) banner.hidden = false;
  }

  function restored() {
    state("on", "Live");
    broken = false;
    const banner = document.getElementById("offline");
    if (banner !== null) banner.hidden = true;
  }

  async function change(form, value) {
    const answer = form.querySelector("[data-answer]");
    try {
      const response = await fetch(form.dataset.patch, {
        method: "PATCH",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ [form.dataset.field]: value === "" ? null : value }),
      });
      const problem = response.ok ? null : await response.json();
      if (problem !== null) throw new Error(problem.title + ". " + problem.next);
      await refresh();
    } catch (error) {
      if (answer !== null) answer.textContent = "Not changed: " + error.message;
    }
  }

  function follow() {
    const source = new EventSource("/v1/events");
    source.onopen = () => { if (broken) refresh(); else state("on", "Live"); };
    for (const kind of ["request", "reset"]) source.addEventListener(kind, soon);
    // Also when too many pages follow already: this one then asks every two seconds.
    source.onerror = () => {
      source.close();
      refresh();
      setTimeout(follow, QUIET_MS);
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  document.addEventListener("DOMContentLoaded", () => {
    themeSwitch();
    for (const each of document.querySelectorAll("[data-print]")) {
      each.hidden = false;
      each.addEventListener("click", () => print());
    }
    for (const each of document.querySelectorAll("select[data-submit]")) {
      each.addEventListener("change", () => each.form?.requestSubmit());
    }
    document.addEventListener("submit", (event) => {
      if (event.target.dataset.patch === undefined) return;
      event.preventDefault();
      change(event.target, event.submitter?.value ?? "");
    });
    follow();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
    addEventListener("pageshow", (event) => { if (event.persisted) { follow(); soon(); } });
  });
})();
`;
