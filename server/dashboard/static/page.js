// Renews the sections of the overview when the lab has changed, and names the experiment that the pointer is near to.
"use strict";
(() => {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const last = new Map();
  let stream = null, waiting = false, again = false;

  async function renew() {
    if (waiting) { again = true; return; }
    waiting = true;
    try {
      const answer = await fetch("/live" + location.search, { headers: { Accept: "application/json" } });
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) show((await answer.json()).sections);
      document.querySelector(".stale").hidden = answer.ok;
    } catch {
      document.querySelector(".stale").hidden = false;
    } finally {
      waiting = false;
      if (again) { again = false; renew(); }
    }
  }

  function show(sections) {
    for (const [name, html] of Object.entries(sections)) {
      const section = document.getElementById("section-" + name);
      // What the person types in, or has the focus on, isn't replaced under their hands.
      if (!section || last.get(name) === html || section.contains(document.activeElement)) continue;
      last.set(name, html);
      section.innerHTML = html;
    }
  }

  function listen() {
    if (stream || document.hidden) return;
    stream = new EventSource("/events");
    stream.addEventListener("change", renew);
    stream.onerror = () => { document.querySelector(".stale").hidden = false; };
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
