"use strict";
(() => {
  const svg = document.getElementById("picture");
  const panel = document.getElementById("panel");
  const nodes = [...svg.querySelectorAll(".node")];
  const edges = [...svg.querySelectorAll(".edge")];
  const rows = [...document.querySelectorAll("tr[data-links]")];
  const names = [...document.querySelectorAll("tr[data-component]")];
  const made = (tag, text) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const words = (element, key) => (element.dataset[key] || "").split(" ");

  // The part of the picture that is seen.
  const box = svg.viewBox.baseVal;
  const all = { x: box.x, y: box.y, width: box.width, height: box.height };
  const see = (x, y, width, height) => Object.assign(box, { x, y, width, height });
  const zoom = (factor, x = box.x + box.width / 2, y = box.y + box.height / 2) => {
    const width = Math.min(Math.max(box.width * factor, 200), all.width * 3);
    const by = width / box.width;
    see(x - (x - box.x) * by, y - (y - box.y) * by, width, box.height * by);
  };
  const whole = () => see(all.x, all.y, all.width, all.height);
  const point = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  document.getElementById("closer").addEventListener("click", () => zoom(0.8));
  document.getElementById("further").addEventListener("click", () => zoom(1.25));
  document.getElementById("whole").addEventListener("click", whole);
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = point(event);
    zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), at.x, at.y);
  }, { passive: false });
  let held = null;
  let moved = false;
  svg.addEventListener("pointerdown", (event) => {
    held = event.button === 0 ? point(event) : null;
    moved = false;
  });
  svg.addEventListener("pointermove", (event) => {
    if (!held || !(event.buttons & 1)) return;
    const at = point(event);
    if (!moved && Math.hypot(at.x - held.x, at.y - held.y) * svg.getScreenCTM().a < 4) return;
    if (!moved) svg.setPointerCapture(event.pointerId);
    moved = true;
    see(box.x + held.x - at.x, box.y + held.y - at.y, box.width, box.height);
  });
  svg.addEventListener("pointerup", () => { held = null; });

  // What is chosen.
  const heads = [...document.querySelectorAll("#links + .wide thead th")].map((head) => head.textContent);
  const told = (row) => {
    const list = made("dl");
    [...row.cells].forEach((cell, place) => {
      if (place < 2 || !cell.textContent) return;
      list.append(made("dt", heads[place]), made("dd", cell.textContent));
    });
    return [made("h3", row.cells[0].textContent + " \u2192 " + row.cells[1].textContent), list];
  };
  const near = (name, from, to) => name === from || name === to;
  const dim = (isNear) => {
    svg.classList.toggle("dimmed", Boolean(isNear));
    [...nodes, ...edges].forEach((element) => element.classList.toggle("near", Boolean(isNear && isNear(element))));
  };
  const mark = (chosen) => [...nodes, ...edges].forEach((element) => element.classList.toggle("chosen", element === chosen));
  const chooseEdge = (edge) => {
    const links = new Set(words(edge, "links"));
    const own = rows.filter((row) => words(row, "links").some((link) => links.has(link)));
    panel.replaceChildren(...own.flatMap(told));
    mark(edge);
    dim((element) => element === edge || near(element.dataset.name, edge.dataset.from, edge.dataset.to));
  };
  const chooseNode = (node) => {
    const name = node.dataset.name;
    const own = rows.filter((row) => row.dataset.from === name || words(row, "to").includes(name));
    const summary = names.find((row) => row.dataset.component === name);
    const about = [...summary.cells].slice(1).map((cell) => cell.textContent);
    const intro = about[0] + ", group " + about[1] + (about[2] ? ". Sub-components: " + about[2] : "") + ". By an AI: " + about[3] + ".";
    panel.replaceChildren(made("h3", name), made("p", intro), ...own.flatMap(told));
    mark(node);
    const beside = new Set([name]);
    edges.forEach((edge) => {
      if (near(name, edge.dataset.from, edge.dataset.to)) beside.add(edge.dataset.from).add(edge.dataset.to);
    });
    dim((element) => element.dataset.name ? beside.has(element.dataset.name) : near(name, element.dataset.from, element.dataset.to));
  };
  const chooseNothing = () => { mark(null); dim(null); };
  svg.addEventListener("click", (event) => {
    if (moved) return;
    const node = event.target.closest(".node");
    const edge = event.target.closest(".edge");
    if (node) chooseNode(node);
    else if (edge) chooseEdge(edge);
    else chooseNothing();
  });
  edges.forEach((edge) => {
    const hit = edge.querySelector(".line").cloneNode();
    hit.setAttribute("class", "hit");
    hit.removeAttribute("marker-end");
    edge.append(hit);
  });

  // Keys: one box at a time takes part in the order of Tab, arrows go to the next one in their direction.
  const middle = (node) => {
    const rect = node.querySelector("rect");
    const of = (name) => Number(rect.getAttribute(name));
    return { x: of("x") + of("width") / 2, y: of("y") + of("height") / 2 };
  };
  const reveal = (node) => {
    const { x, y } = middle(node);
    const isSeen = x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
    if (!isSeen) see(x - box.width / 2, y - box.height / 2, box.width, box.height);
  };
  const go = (node) => {
    nodes.forEach((other) => other.setAttribute("tabindex", other === node ? "0" : "-1"));
    node.focus({ preventScroll: true });
    reveal(node);
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const next = (node, [x, y]) => {
    const own = middle(node);
    let best = null;
    for (const other of nodes) {
      const at = middle(other);
      const along = (at.x - own.x) * x + (at.y - own.y) * y;
      const aside = Math.abs((at.x - own.x) * y) + Math.abs((at.y - own.y) * x);
      const cost = along + aside * 2;
      if (along > 1 && (!best || cost < best.cost)) best = { other, cost };
    }
    return best && best.other;
  };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = event.target.closest(".node");
    if (event.key in arrows && node) {
      const other = next(node, arrows[event.key]);
      if (other) go(other);
    } else if ((event.key === "Enter" || event.key === " ") && node) chooseNode(node);
    else if (event.key === "Escape") chooseNothing();
    else if (event.key === "+" || event.key === "=") zoom(0.8);
    else if (event.key === "-") zoom(1.25);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });
  nodes.forEach((node, place) => node.setAttribute("tabindex", place === 0 ? "0" : "-1"));

  // Search: by what stands in boxes and in rows of links.
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const matching = () => {
    const wanted = search.value.trim().toLowerCase();
    if (!wanted) return null;
    return nodes.filter((node) => node.textContent.toLowerCase().includes(wanted));
  };
  const show = () => {
    const own = matching();
    found.textContent = own === null ? "" : own.length === 1 ? "1 component" : own.length + " components";
    mark(null);
    dim(own === null ? null : (element) => own.includes(element));
  };
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    const own = event.key === "Enter" ? matching() : null;
    if (own && own.length) {
      event.preventDefault();
      go(own[0]);
      chooseNode(own[0]);
    }
  });
})();
