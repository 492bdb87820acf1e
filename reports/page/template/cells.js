// One cell: its text, its footnotes, and a bar that compares it with the rows of its group.
(() => {
  // A column as the scripts use it: sets for what the data lists, and each group's largest bar.
  page.prepare = (column, offset = (number) => number) => {
    for (const name of ["best", "failed", "good", "bad"]) column[name] = new Set(column[name] ?? []);
    column.notes = new Map(Object.entries(column.notes ?? {}).map(([row, numbers]) => [Number(row), numbers.map(offset)]));
    column.values ??= [];
    column.lows ??= [];
    column.highs ??= [];
    column.longest = column.texts.reduce((longest, text, row) => Math.max(longest, text.length + (column.notes.get(row)?.length ?? 0) * 2), 0);
    column.reach = new Float64Array(page.data.groups.length);
    column.values.forEach((value, row) => {
      if (value === null) return;
      const group = page.data.groupOf[row];
      const ends = [value, column.lows[row] ?? value, column.highs[row] ?? value];
      column.reach[group] = Math.max(column.reach[group], ...ends.map((end) => Math.abs(scale(column, end))));
    });
    return column;
  };

  // Speed-ups are compared on a log scale from 1x, other values from 0.
  const scale = (column, value) => (column.kind === "ratio" ? Math.log(Math.max(value, 1e-9)) : value);

  const bar = (column, row) => {
    const value = column.values[row];
    if (value === null || value === undefined || !["amount", "quality", "ratio", "share"].includes(column.kind)) return null;
    const reach = column.kind === "share" ? 100 : column.reach[page.data.groupOf[row]];
    if (!reach) return null;
    const middle = column.kind === "ratio";
    const at = (end) => Math.min(Math.max(middle ? 50 + (50 * scale(column, end)) / reach : (100 * end) / reach, 0), 100);
    const [start, end] = [middle ? 50 : 0, at(value)].sort((a, b) => a - b);
    const made = page.element("div", { class: middle ? "bar middle" : "bar", "aria-hidden": "true" });
    made.append(page.element("i", { style: `left:${start}%;width:${end - start}%` }));
    const [low, high] = [column.lows[row], column.highs[row]];
    if (low !== null && low !== undefined && high !== null && high !== undefined) {
      made.append(page.element("b", { style: `left:${at(low)}%;width:${Math.max(at(high) - at(low), 0.5)}%` }));
    }
    return made;
  };

  page.marks = (numbers) =>
    numbers.map((number) =>
      page.element("a", { class: "note", href: `#note-${number}`, "aria-label": `${page.words.note} ${number}: ${page.note(number)}` }, String(number)));

  page.cell = (column, row, open) => {
    const kinds = ["best", "failed", "good", "bad"].filter((name) => column[name].has(row));
    if (column.kind !== "name" && !column.failed.has(row) && (column.values[row] ?? null) === null) kinds.push("none");
    const text = open
      ? page.element("button", { type: "button", class: "open", "aria-label": page.say("details", column.texts[row]) }, column.texts[row])
      : page.element("span", { class: "text" }, column.texts[row]);
    const line = page.element("div", {}, text, ...page.marks(column.notes.get(row) ?? []));
    return page.element("div", { class: ["cell", ...kinds].join(" ") }, line, bar(column, row));
  };

  // On paper nothing can be hovered: the numbers lead to the footnotes below.
  page.printed = (column, row) => {
    const text = column.texts[row] + (column.notes.get(row) ?? []).map((number) => ` [${number}]`).join("");
    return page.element(column.best.has(row) || column.failed.has(row) ? "b" : "span", {}, text);
  };

  page.reasons = (column, row) => {
    const numbers = column.notes.get(row) ?? [];
    return numbers.length ? page.element("div", {}, numbers.map(page.note).join("\n")) : false;
  };
})();
