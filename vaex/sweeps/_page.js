"use strict";
// Copying of commands, sorting of tables, and the learning curves.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.onclick = async () => {
    const text = button.parentElement.querySelector("code").textContent;
    try { await navigator.clipboard.writeText(text); } catch { // a page from disk may not
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text; area.select(); document.execCommand("copy"); area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  };
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === "" || y === "") return (x === "") - (y === ""); // what is missing, last
        const order = x - y; // NaN where one of them is text
        const found = Number.isNaN(order) ? x.localeCompare(y) : order;
        return down ? -found : found;
      });
      table.tBodies[0].append(...rows);
    };
    head.onclick = sort;
    head.onkeydown = (event) => { if (event.key === "Enter") sort(); };
  });
}

const source = document.getElementById("curve-data");
if (source) drawCurves(JSON.parse(source.textContent));

function drawCurves(data) {
  const get = (id) => document.getElementById(id);
  const [plot, svg, tip, legend] = ["plot", "chart", "tip", "legend"].map(get);
  const [quantity, split, key, wide, log] =
    ["quantity", "split", "colour", "wide", "logx"].map(get);
  const hidden = new Set();
  let shown = [], place = null, outside = 0;
  const options = (select, pairs) => {
    for (const [value, text] of pairs) select.add(new Option(text, value));
  };
  const has = (q, s) => data.runs.some((run) => run.curves[q]?.[s]);
  options(quantity, Object.entries(data.quantities).filter(([q]) =>
    data.splits.some((s) => has(q, s))));
  options(split, data.splits.map((s) => [s, s]));
  options(key, data.keys.map((k, i) => [i, k.name]));
  const element = (name, attributes, parent = svg) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [k, v] of Object.entries(attributes)) made.setAttribute(k, v);
    return parent.appendChild(made);
  };
  const format = (value) => (Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-3)
    ? value.toExponential(1) : String(Number(value.toPrecision(5)))).replace("-", "−");
  const quantile = (sorted, q) => sorted[Math.round((sorted.length - 1) * q)];

  function limits(curves) { // the later half of every curve, and what is near it
    let [low, high] = [Infinity, -Infinity];
    const sign = { elbo: 1, distortion: -1, loss: -1 }[quantity.value];
    let least = -Infinity; // what ends much worse than the better half sets no limits
    if (sign && !wide.checked) {
      const ends = curves.map(([, values]) => sign * values.at(-1)).sort((a, b) => a - b);
      const best = ends.at(-1), gap = best - quantile(ends, 0.5);
      if (gap > 0) least = best - 5 * gap;
    }
    outside = 0;
    for (const [, values] of curves) {
      if (sign * values.at(-1) < least) { outside += 1; continue; }
      const late = values.slice(values.length >> 1).sort((a, b) => a - b);
      const [a, b] = [quantile(late, 0.05), quantile(late, 0.95)];
      const reach = wide.checked || a === b ? Infinity : 3 * (b - a);
      for (const v of values) {
        if (v >= a - reach && v <= b + reach) { low = Math.min(low, v); high = Math.max(high, v); }
      }
    }
    const margin = 0.04 * (high - low) || 0.5;
    return [low - margin, high + margin];
  }
  function ticks(low, high, count) {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
    const found = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(v);
    return found;
  }
  function powers(low, high) { // of ten; with twos and fives where these are few
    const found = [];
    for (let k = Math.floor(low); k <= high; k++) {
      for (const f of high - low < 2.5 ? [1, 2, 5] : [1]) found.push(k + Math.log10(f));
    }
    return found.filter((v) => v >= low && v <= high);
  }
  function colourOf(index, by) { // an order, three of their own, or those of many
    const count = by.values.length;
    if (by.numeric && count > 3) {
      const share = ((100 * index) / (count - 1)).toFixed(1);
      return `color-mix(in oklch, var(--high) ${share}%, var(--low))`;
    }
    return `var(--c${count <= 3 ? index : 3 + (index % 12)})`;
  }

  function draw() {
    const by = data.keys[Number(key.value)] ?? { name: "", values: [""], numeric: false };
    const valueOf = (run) => (data.keys.length ? run.values[Number(key.value)] : "");
    const isRamp = by.numeric && by.values.length > 12;
    const all = data.runs.filter((run) => run.curves[quantity.value]?.[split.value]);
    shown = all.filter((run) => !hidden.has(valueOf(run)))
      .map((run) => ({ run, points: run.curves[quantity.value][split.value] }));
    svg.replaceChildren();
    const width = Math.max(plot.clientWidth - 16, 280), height = width < 560 ? 300 : 420;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    legend.replaceChildren();
    if (isRamp) {
      const ramp = legend.appendChild(document.createElement("span"));
      ramp.className = "ramp";
      const bar = document.createElement("i");
      bar.className = "bar";
      ramp.append(`${by.name}: ${by.values[0]}`, bar, `${by.values.at(-1)}`);
    }
    for (const [i, value] of isRamp ? [] : by.values.entries()) {
      if (!all.some((run) => valueOf(run) === value)) continue;
      const button = legend.appendChild(document.createElement("button"));
      button.setAttribute("aria-pressed", !hidden.has(value));
      const mark = button.appendChild(document.createElement("i"));
      mark.style.background = colourOf(i, by);
      button.append(by.name ? `${by.name}=${value}` : "all runs");
      button.onclick = () => { hidden.has(value) ? hidden.delete(value) : hidden.add(value); draw(); };
    }
    if (!shown.length) {
      element("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }).textContent =
        all.length ? "all curves are switched off" : "no run has this on this split";
      return;
    }
    const [low, high] = limits(shown.map((s) => s.points));
    const steps = shown.flatMap((s) => [s.points[0][0], s.points[0].at(-1)]);
    const [first, last] = [Math.min(...steps), Math.max(...steps)];
    const lift = (step) => (log.checked ? Math.log10(Math.max(step, 1)) : step);
    const [from, to] = [log.checked ? lift(first) : 0, lift(last) || 1];
    const box = { left: 62, right: width - 12, top: 26, bottom: height - 40 };
    const x = (step) => box.left + ((lift(step) - from) / (to - from || 1)) * (box.right - box.left);
    const y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
    place = { x, y, box };
    for (const v of ticks(low, high, 6)) {
      element("line", { class: "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) });
      element("text", { x: box.left - 8, y: y(v) + 4, "text-anchor": "end" }).textContent = format(v);
    }
    for (const v of log.checked ? powers(from, to) : ticks(from, to, width < 560 ? 4 : 8)) {
      const step = log.checked ? Math.round(10 ** v) : v;
      element("text", { x: x(step), y: box.bottom + 18, "text-anchor": "middle" }).textContent =
        step >= 1e4 ? `${format(step / 1000)}k` : format(step);
    }
    element("text", { x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" })
      .textContent = "optimizer step";
    if (outside) {
      element("text", { x: box.right, y: 14, "text-anchor": "end" }).textContent =
        `${outside} of ${shown.length} curves outside`;
    }
    element("text", { x: 4, y: 14 }).textContent = `${split.value} ${data.quantities[quantity.value]}`;
    const clip = element("clipPath", { id: "inside" }, element("defs", {}));
    element("rect", { x: box.left, y: box.top, width: box.right - box.left,
      height: box.bottom - box.top }, clip);
    const group = element("g", { "clip-path": "url(#inside)" });
    for (const one of shown) {
      const [s, v] = one.points;
      const d = s.map((step, i) => `${i ? "L" : "M"}${x(step).toFixed(1)},${y(v[i]).toFixed(1)}`);
      one.path = element("path", { class: "curve", d: d.join("") + (s.length < 2 ? "h3" : "") }, group);
      one.path.style.stroke = colourOf(by.values.indexOf(valueOf(one.run)), by);
    }
    one_dot = element("circle", { r: 4.5, visibility: "hidden" }, group);
    one_group = group;
  }
  let one_dot = null, one_group = null;
  function leave() {
    tip.style.display = "none";
    one_group?.removeAttribute("class");
    one_dot?.setAttribute("visibility", "hidden");
  }
  svg.onpointermove = (event) => {
    if (!shown.length) return;
    const frame = svg.getBoundingClientRect();
    const [mx, my] = [event.clientX - frame.left, event.clientY - frame.top];
    let near = null, best = 40 ** 2;
    for (const one of shown) {
      one.points[0].forEach((step, i) => {
        const far = (place.x(step) - mx) ** 2 * 0.4 + (place.y(one.points[1][i]) - my) ** 2;
        if (far < best) { best = far; near = { one, i }; }
      });
    }
    shown.forEach((one) => one.path.classList.toggle("near", one === near?.one));
    if (!near) return leave();
    const { one, i } = near;
    const [px, py] = [place.x(one.points[0][i]), place.y(one.points[1][i])];
    one_group.setAttribute("class", "faded");
    one.path.parentNode.append(one.path, one_dot);
    one_dot.setAttribute("cx", px); one_dot.setAttribute("cy", py);
    one_dot.setAttribute("visibility", "visible");
    one_dot.style.fill = one.path.style.stroke;
    tip.replaceChildren(`step ${one.points[0][i]}: `,
      Object.assign(document.createElement("b"), { textContent: format(one.points[1][i]) }),
      document.createElement("br"), one.run.name);
    tip.style.display = "block";
    const right = px > frame.width - 200;
    tip.style.left = right ? "" : `${px + 20}px`;
    tip.style.right = right ? `${frame.width - px + 20}px` : "";
    tip.style.top = `${Math.max(py - 30, 0)}px`;
  };
  svg.onpointerleave = leave;
  for (const control of [quantity, split, wide, log]) control.onchange = draw;
  key.onchange = () => { hidden.clear(); draw(); };
  new ResizeObserver(draw).observe(plot);
  draw();
}
