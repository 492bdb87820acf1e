// What the other scripts share: the data, its packed parts, footnotes, and elements without innerHTML (a record's text is never markup).
const page = {};
page.data = JSON.parse(document.getElementById("data").textContent);
page.words = page.data.words;
page.say = (key, ...values) => values.reduce((text, value) => text.replace("{}", () => value), page.words[key]);

page.element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

// For the few places where the library takes a string as markup.
page.escape = (text) => page.element("i", {}, text).innerHTML;

page.unpack = async (id) => {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

page.note = (number) => document.getElementById(`note-${number}`).textContent;

// Footnotes of a column that was hidden: numbered after those that are there, equal texts once.
page.numberNotes = (texts) => {
  const list = document.getElementById("notes");
  const known = new Map([...list.children].map((item, index) => [item.textContent, index + 1]));
  return texts.map((text) => {
    if (!known.has(text)) {
      known.set(text, known.size + 1);
      list.append(page.element("li", { id: `note-${known.size}` }, text));
    }
    return known.get(text);
  });
};
