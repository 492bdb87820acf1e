// The two drawings of a row's details: latency samples as a histogram, memory by phase as a stacked bar.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const shape = (name, attributes, ...children) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const [WIDTH, HEIGHT, FOOT] = [760, 150, 22];

  page.histogram = (block) => {
    const most = Math.max(1, ...block.sides.flatMap((side) => side.counts));
    const label = block.sides.map((side) => `${side.name}: ${side.median?.text ?? "—"}`).join("; ");
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, width: WIDTH, role: "img", "aria-label": `${block.title}: ${label}` });
    block.sides.forEach((side, index) => {
      const step = WIDTH / side.counts.length;
      const height = (count) => (count / most) * (HEIGHT - 8);
      if (index === 0) {
        side.counts.forEach((count, at) => {
          if (count) svg.append(shape("rect", { x: at * step + 0.5, y: HEIGHT - height(count), width: step - 1, height: height(count), fill: "var(--bar)" }));
        });
      } else {
        const corners = side.counts.flatMap((count, at) => [`${at * step},${HEIGHT - height(count)}`, `${(at + 1) * step},${HEIGHT - height(count)}`]);
        svg.append(shape("polyline", { points: `0,${HEIGHT} ${corners.join(" ")} ${WIDTH},${HEIGHT}`, fill: "none", stroke: "var(--ink)", "stroke-width": 1.5 }));
      }
      if (side.median) {
        const x = Math.min(Math.max(side.median.at * WIDTH, 1), WIDTH - 1);
        svg.append(shape("line", { x1: x, x2: x, y1: 0, y2: HEIGHT, stroke: index ? "var(--ink)" : "var(--accent)", "stroke-width": 1.5, "stroke-dasharray": "4 3" }));
      }
    });
    svg.append(shape("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT, stroke: "var(--soft)" }));
    block.ticks.forEach((text, index) => {
      const anchor = ["start", "middle", "end"][index];
      svg.append(shape("text", { x: (WIDTH * index) / 2, y: HEIGHT + 16, "text-anchor": anchor, fill: "var(--soft)", "font-size": 13 }, text));
    });
    const keys = block.sides.map((side, index) =>
      page.element("li", {}, page.element("i", index ? { class: "line" } : { style: "background:var(--bar)" }), `${side.name}, ${page.words.median} ${side.median?.text ?? "—"}`));
    return [svg, page.element("ul", { class: "legend" }, ...keys), page.element("p", { class: "hint" }, block.note)];
  };

  page.stack = (block) => {
    const parts = block.parts.map((part, index) => page.element("i", { class: `p${index % 6}`, style: `width:${part.share * 100}%`, title: `${part.name}: ${part.text}` }));
    const keys = block.parts.map((part, index) => page.element("li", {}, page.element("i", { class: `p${index % 6}` }), `${part.name} ${part.text}`));
    return [
      page.element("div", { class: "stack", role: "img", "aria-label": block.parts.map((part) => `${part.name}: ${part.text}`).join("; ") }, ...parts),
      page.element("ul", { class: "legend" }, ...keys),
      page.element("p", { class: "hint" }, block.note),
    ];
  };
})();
