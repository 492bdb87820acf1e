// Which columns are shown. A wide column joins the table when it is first asked for.
(() => {
  const menu = document.querySelector("#columns .menu");

  page.columnMenu = (table, columns, wide, define) => {
    const boxes = new Map();
    const groups = new Map();
    const add = (title, group, shown, change) => {
      const box = page.element("input", { type: "checkbox" });
      box.checked = shown;
      box.addEventListener("change", () => change(box.checked));
      if (!groups.has(group)) {
        const name = page.words[group] ?? page.say("all of", group === "cuda" ? "GPU" : group.toUpperCase());
        groups.set(group, page.element("fieldset", {}, page.element("legend", {}, name)));
        menu.append(groups.get(group));
      }
      groups.get(group).append(page.element("label", {}, box, ` ${title}`));
      return box;
    };
    columns.forEach((column) => {
      boxes.set(column, add(column.title, column.group, column.shown, (shown) => {
        if (shown) table.showColumn(column.field); else table.hideColumn(column.field);
      }));
    });
    const loaded = new Map();
    const extra = wide.map((known, index) => add(known.title, known.group, false, async (shown) => {
      if (!loaded.has(index)) loaded.set(index, load(index));
      const column = await loaded.get(index);
      if (shown) table.showColumn(column.field); else table.hideColumn(column.field);
    }));
    const load = async (index) => {
      const raw = await page.unpack(`wide-${index}`);
      const numbers = page.numberNotes(raw.reasons ?? []);
      const column = page.prepare(raw, (number) => numbers[number - 1]);
      column.field = `wide${index}`;
      page.fill(column);
      await table.addColumn(define(column));
      return column;
    };
    const reset = page.element("button", { type: "button" }, page.words["reset columns"]);
    reset.addEventListener("click", () => {
      boxes.forEach((box, column) => { if (box.checked !== column.shown) box.click(); });
      extra.forEach((box) => { if (box.checked) box.click(); });
    });
    menu.prepend(reset);
  };

  const closed = document.getElementById("columns");
  document.addEventListener("click", (event) => { if (closed.open && !closed.contains(event.target)) closed.open = false; });
  closed.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { closed.open = false; closed.querySelector("summary").focus(); }
  });
})();
