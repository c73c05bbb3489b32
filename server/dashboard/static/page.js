// Renews the overview, or the page of an experiment that goes on, when the lab has changed; names the experiment near the pointer.
"use strict";
(() => {
  const live = document.querySelector("[data-live]");
  const renewed = document.querySelector("[data-renewed]");
  if (!live && !renewed) return;
  const last = new Map();
  let stream = null, waiting = false, again = false;

  async function renew() {
    if (waiting) { again = true; return; }
    waiting = true;
    try {
      const answer = await fetch(live ? "/live" + location.search : location.href);
      if (answer.status === 401 || answer.redirected) { location.reload(); return; }
      if (answer.ok && live) showSections((await answer.json()).sections);
      if (answer.ok && renewed) showPage(await answer.text());
      tellStale(!answer.ok);
    } catch {
      tellStale(true);
    } finally {
      waiting = false;
      if (again) { again = false; renew(); }
    }
  }

  function tellStale(isStale) {
    const line = document.querySelector(".stale");
    if (line) line.hidden = !isStale;
  }

  function showSections(sections) {
    for (const [name, html] of Object.entries(sections)) {
      const section = document.getElementById("section-" + name);
      if (section && last.get(name) !== html && replace(section, html)) last.set(name, html);
    }
  }

  function showPage(text) {
    const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (main && last.get("page") !== main.innerHTML && replace(renewed, main.innerHTML)) last.set("page", main.innerHTML);
    if (!main?.hasAttribute("data-renewed")) { stream?.close(); stream = null; renewed.removeAttribute("data-renewed"); }
  }

  // What the person types in isn't replaced under their hands, and the focus stays where it was.
  function replace(place, html) {
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    if (active?.matches("input, textarea, select")) return false;
    const name = active && nameOf(active);
    const atEnd = [...place.querySelectorAll("pre.log")].some((log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 4);
    place.innerHTML = html;
    if (name) [...place.querySelectorAll("a, button, [tabindex]")].find((each) => nameOf(each) === name)?.focus({ preventScroll: true });
    if (atEnd) for (const log of place.querySelectorAll("pre.log")) log.scrollTop = log.scrollHeight;
    return true;
  }

  function nameOf(element) {
    return element.tagName + (element.getAttribute("aria-label") || element.getAttribute("href") || element.textContent);
  }

  function listen() {
    if (stream || document.hidden || !document.querySelector("[data-live], [data-renewed]")) return;
    stream = new EventSource("/events");
    stream.addEventListener("change", renew);
    stream.onerror = () => tellStale(true);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream?.close(); stream = null; } else { listen(); renew(); }
  });
  listen();

  // Every form that ends something asks first.
  document.addEventListener("submit", (event) => {
    const label = event.target.querySelector("button")?.getAttribute("aria-label");
    if (label?.startsWith("Cancel ") && !confirm(label + "?")) event.preventDefault();
  });

  if (!live) return;
  let points = null, pointsOf = "";
  async function near(event) {
    const figure = event.target.closest?.("figure[data-points]");
    const picture = figure?.querySelector("svg");
    if (!picture) return null;
    const key = figure.dataset.points + last.get("progress")?.length;
    if (pointsOf !== key) {
      pointsOf = key;
      const answer = await fetch(figure.dataset.points);
      points = answer.ok ? await answer.json() : [];
    }
    const matrix = picture.getScreenCTM();
    if (!matrix || !points) return null;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    let best = null, least = 400;
    for (const point of points) {
      const distance = (point[0] - at.x) ** 2 + (point[1] - at.y) ** 2;
      if (distance < least) { least = distance; best = point; }
    }
    return best && { id: best[2], x: best[0], y: best[1], picture };
  }

  live.addEventListener("pointermove", async (event) => {
    const found = await near(event);
    document.querySelector(".near")?.remove();
    const label = document.querySelector(".hover");
    if (label) label.textContent = found ? found.id + ": click to open it" : "\u00a0";
    if (!found) return;
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of Object.entries({ cx: found.x, cy: found.y, r: 6, class: "near" })) ring.setAttribute(name, value);
    found.picture.append(ring);
  });
  live.addEventListener("click", async (event) => {
    const found = await near(event);
    if (found) location.href = "/experiments/" + found.id;
  });
})();
