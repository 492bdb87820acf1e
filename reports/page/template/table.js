// The table itself. Rows carry their number and, per column, what it is sorted by; texts and footnotes stay in the columns.
(() => {
  const { data, words } = page;
  const columns = data.columns.map((column) => page.prepare(column));
  const rows = Array.from({ length: data.rows }, (_, i) => ({ i, group: data.groupOf[i] }));
  const SMALL = window.matchMedia("(max-width: 64rem)").matches;
  const NARROW = window.matchMedia("(max-width: 40rem)").matches;
  const grouping = data.groups.length > 1 && data.rows <= 2000; // chosen so that the headings do not slow the opening of a long table
  const LONG = 60; // rows from which the table scrolls inside the page
  const method = columns.filter((column) => column.group === "names").at(-1);

  page.fill = (column) => {
    const found = column.kind === "name" ? column.texts : column.values;
    rows.forEach((row) => { row[column.field] = found[row.i] ?? null; });
  };
  columns.forEach((column, index) => {
    column.field = `c${index}`;
    // A group's heading says its task, machine and model: the task is not repeated, and where there is little room only the method is.
    column.shown = column === method || column.group !== "names" || !(grouping && (SMALL || column.title === words.task));
    page.fill(column);
  });

  // A button, so that a keyboard sorts too: its click goes on to the header, which sorts. A footnote's does not.
  const heading = (column) => {
    const marks = page.marks(column.title_notes ?? []);
    marks.forEach((mark) => mark.addEventListener("click", (event) => event.stopPropagation()));
    return page.element("span", {}, page.element("button", { type: "button", class: "sort" }, column.title), ...marks);
  };
  // Wide enough for the longest text and for the longest word of the title beside the arrow; estimated, since measuring 10 000 rows takes seconds.
  const width = (column) => {
    const word = Math.max(...column.title.split(" ").map((part) => part.length));
    const marked = (column.title_notes ?? []).length * 16;
    return Math.min(Math.max(column.longest * 7.1 + 26, word * 8.2 + 34 + marked, 106 + marked), NARROW && column === method ? 170 : 400);
  };
  const define = (column) => ({
    title: column.title,
    titleFormatter: () => heading(column),
    titlePrint: page.escape(column.title + (column.title_notes ?? []).map((number) => ` [${number}]`).join("")),
    field: column.field,
    visible: column.shown ?? false,
    frozen: column.group === "names" && (!SMALL || grouping),
    width: width(column),
    headerWordWrap: true,
    sorter: page.sorter(column),
    headerSortStartingDir: column.title.includes("↑") || column.kind === "ratio" ? "desc" : "asc",
    formatter: (cell) => page.cell(column, cell.getData().i, column === method),
    formatterPrint: (cell) => page.printed(column, cell.getData().i),
    tooltip: (_event, cell) => page.reasons(column, cell.getData().i),
    headerFilter: "input",
    headerFilterPlaceholder: column.kind === "name" ? "" : "< >",
    headerFilterParams: {
      elementAttributes: { "aria-label": page.say(column.kind === "name" ? "text filter" : "numeric filter", column.title), autocomplete: "off" },
    },
    headerFilterFunc: page.columnFilter(column),
  });

  const groupHeading = (number) => {
    const { title, facts } = data.groups[number];
    const cell = page.element("span", { role: "gridcell" }, title, page.element("span", { class: "about" }, facts.join(" · ")));
    // The library calls a heading a group of rows inside a group of rows, which no reader of roles expects: it is a row of one cell.
    queueMicrotask(() => cell.parentElement?.setAttribute("role", "row"));
    return cell;
  };
  const table = new Tabulator("#table", {
    data: rows,
    columns: columns.map(define),
    layout: "fitData",
    columnHeaderVertAlign: "bottom",
    maxHeight: data.rows > LONG ? "85vh" : false,
    groupBy: grouping ? "group" : false,
    groupHeader: groupHeading,
    groupHeaderPrint: (number) => page.escape([data.groups[number].title, ...data.groups[number].facts].join(" · ")),
    headerSortClickElement: "header",
    movableColumns: true,
    placeholder: words["none left"],
    printAsHtml: true,
    printRowRange: "active",
    printStyled: false,
  });
  page.table = table;

  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const said = (number) => { count.textContent = page.say("shown", number, data.rows); };
  table.on("dataFiltered", (_filters, left) => {
    said(left.length);
    document.querySelectorAll("#table .tabulator-header-filter input").forEach((input) => {
      const wrong = page.condition(input.value) === null;
      input.setAttribute("aria-invalid", String(wrong));
      input.title = wrong ? words["not a condition"] : "";
    });
  });
  table.on("rowClick", (event, row) => {
    if (event.target.closest("a") || String(window.getSelection())) return;
    page.open(row.getData().i);
  });
  table.on("tableBuilt", () => {
    // A grid may hold row groups only; the library's scrolling box is none. What is inside it takes the focus.
    const box = document.querySelector("#table .tabulator-tableholder");
    box.removeAttribute("tabindex");
    box.setAttribute("role", "presentation");
    const grouped = document.getElementById("grouped");
    grouped.checked = grouping;
    grouped.parentElement.hidden = data.groups.length < 2;
    grouped.addEventListener("change", () => table.setGroupBy(grouped.checked ? "group" : false));
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      const inside = (row) => columns.some((column) => column.texts[row.i].toLowerCase().includes(wanted));
      if (wanted) table.setFilter(inside); else table.clearFilter();
    });
    document.getElementById("clear").addEventListener("click", () => {
      search.value = "";
      table.clearFilter(true);
    });
    page.columnMenu(table, columns, data.wide, define);
    document.getElementById("tools").hidden = document.getElementById("hint").hidden = false;
    said(data.rows);
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  });
})();
