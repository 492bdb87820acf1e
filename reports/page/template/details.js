// What is behind a row, in a dialog: unpacked when it is first asked for.
(() => {
  const dialog = document.getElementById("details");
  const body = document.getElementById("details-body");
  const packs = new Map();
  const element = page.element;

  const table = (headers, rows) =>
    element("div", { class: "scroll", tabindex: "0" }, element("table", {},
      element("thead", {}, element("tr", {}, ...headers.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((text) => element("td", {}, text)))))));

  const command = (block) => {
    const button = element("button", { type: "button" }, page.words.copy);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.text);
      button.textContent = page.words.copied;
    });
    return [element("pre", { tabindex: "0" }, element("code", {}, block.text)), ...(navigator.clipboard ? [button] : [])];
  };

  const DRAWN = {
    command,
    facts: (block) => [element("dl", {}, ...block.rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))],
    table: (block) => [table(block.headers, block.rows)],
    list: (block) => [element("ul", {}, ...block.rows.map((text) => element("li", {}, text)))],
    histogram: (block) => page.histogram(block),
    stack: (block) => page.stack(block),
  };

  page.open = async (row) => {
    const number = Math.floor(row / page.data.perPack);
    if (!packs.has(number)) packs.set(number, page.unpack(`pack-${number}`));
    const devices = (await packs.get(number))[row % page.data.perPack];
    document.getElementById("details-title").textContent = devices.map((device) => device.case).join(", ");
    body.replaceChildren(...devices.map((device) => element("section", { "aria-label": device.case },
      devices.length > 1 ? element("h2", {}, device.device) : null,
      ...device.blocks.flatMap((block) => [element("h3", {}, block.title), ...DRAWN[block.kind](block)]))));
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  document.getElementById("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
